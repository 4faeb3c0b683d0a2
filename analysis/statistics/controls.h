// Does training show in the distances? Trained networks beside untrained controls, whose weights
// are as they were drawn.
#ifndef RNNFARM_ANALYSIS_STATISTICS_CONTROLS_H_
#define RNNFARM_ANALYSIS_STATISTICS_CONTROLS_H_

#include <optional>

#include "absl/types/span.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

// What is not defined for the data (no control, no pair of a kind, …) is absent.
struct Controls {
  int trained = 0, untrained = 0;
  // Mean distances over the pairs of each kind.
  std::optional<double> within_trained, trained_untrained, within_untrained;
  // Mean distance of a trained network to its own control, over those that have one.
  std::optional<double> own_control;
  // Share of the trained networks whose nearest other network is untrained (of several equally near
  // ones, the share of those that are).
  std::optional<double> nearest_untrained;
  // Of the groups trained and untrained: neighbour_accuracy, neighbour_chance and silhouette of
  // Separation.
  std::optional<double> accuracy, chance, silhouette;
};

// `distances`: symmetric, n x n, zero diagonal. For each row, whether the network is untrained (0
// or 1), and the row of its own control or -1, which it is for every untrained one. Deterministic.
Controls MeasureControls(const Matrix& distances, absl::Span<const char> untrained,
                         absl::Span<const int> own_control);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_STATISTICS_CONTROLS_H_
