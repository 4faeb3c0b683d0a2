// Do two metrics see the same arrangement of the same networks? (Mantel 1967)
#ifndef RNNFARM_ANALYSIS_STATISTICS_MANTEL_H_
#define RNNFARM_ANALYSIS_STATISTICS_MANTEL_H_

#include <optional>

#include "absl/types/span.h"
#include "analysis/representation.h"
#include "analysis/statistics/separation.h"

namespace rnnfarm::analysis {

// What is not defined for the data is absent.
struct Mantel {
  // Pearson's, over the distances of all pairs of networks; absent where one metric does not vary.
  std::optional<double> correlation;
  // One-sided, of permutations of whole configurations, whose networks share hyperparameters: the
  // same correlation over the mean distances between configurations. Absent for fewer than 3.
  std::optional<double> p_value;
};

// Both symmetric, n x n, of the same networks in the same order; `configuration`: code of each.
Mantel CorrelateDistances(const Matrix& a, const Matrix& b, absl::Span<const int> configuration,
                          int permutations = kDefaultPermutations);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_STATISTICS_MANTEL_H_
