// Do networks with the same label lie together? Numbers instead of a look at the embedding.
//
// Every function takes a symmetric n x n distance matrix with zero diagonal and a code for each
// row; equal codes are one group. Deterministic.
#ifndef RNNFARM_ANALYSIS_STATISTICS_SEPARATION_H_
#define RNNFARM_ANALYSIS_STATISTICS_SEPARATION_H_

#include <optional>

#include "absl/types/span.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

inline constexpr int kDefaultPermutations = 999;

// What is not defined for the data (one group, as many groups as networks, …) is absent.
struct Separation {
  int groups = 0;
  // Mean over networks of (b − a) / max(a, b): a the mean distance within the group, b that to the
  // nearest other group; 0 for a network alone in its group (Rousseeuw 1987). In [-1, 1].
  std::optional<double> silhouette;
  // Share of networks whose nearest other network has the same label (of several equally near ones,
  // the share of those that have it), and what it would be if neighbours were drawn at random.
  std::optional<double> neighbour_accuracy;
  std::optional<double> neighbour_chance;
  // PERMANOVA (Anderson 2001). The p-value is of permutations of whole configurations, whose
  // networks share hyperparameters: (1 + permutations with F at least as large) / (1 + all).
  std::optional<double> pseudo_f;
  std::optional<double> r_squared;
  std::optional<double> p_value;
};

// `configuration`: code of the configuration of each network; networks of one configuration have
// one label (the p-value is absent otherwise).
Separation MeasureSeparation(const Matrix& distances, absl::Span<const int> labels,
                             absl::Span<const int> configuration,
                             int permutations = kDefaultPermutations);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_STATISTICS_SEPARATION_H_
