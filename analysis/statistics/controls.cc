#include "analysis/statistics/controls.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "analysis/statistics/separation.h"

namespace rnnfarm::analysis {
namespace {

class Mean {
 public:
  void Add(double value) {
    sum_ += value;
    ++count_;
  }
  std::optional<double> Value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

void MeasurePairs(const Matrix& distances, absl::Span<const char> untrained, Controls& out) {
  Mean of[3];  // by the number of untrained networks in the pair
  for (Eigen::Index j = 0; j < distances.cols(); ++j) {
    for (Eigen::Index i = j + 1; i < distances.rows(); ++i) {
      of[untrained[i] + untrained[j]].Add(distances(i, j));
    }
  }
  out.within_trained = of[0].Value();
  out.trained_untrained = of[1].Value();
  out.within_untrained = of[2].Value();
}

// Share of the networks nearest to `row` that are untrained.
double UntrainedAmongNearest(const Matrix& distances, absl::Span<const char> untrained,
                             Eigen::Index row) {
  double nearest = std::numeric_limits<double>::infinity();
  Mean share;
  for (Eigen::Index other = 0; other < distances.rows(); ++other) {
    if (other == row || distances(other, row) > nearest) continue;
    if (distances(other, row) < nearest) share = Mean();
    nearest = distances(other, row);
    share.Add(untrained[other]);
  }
  return share.Value().value_or(0);
}

}  // namespace

Controls MeasureControls(const Matrix& distances, absl::Span<const char> untrained,
                         absl::Span<const int> own_control) {
  Controls out;
  for (char is_untrained : untrained) ++(is_untrained ? out.untrained : out.trained);
  MeasurePairs(distances, untrained, out);
  Mean to_own_control, nearest_untrained;
  for (Eigen::Index i = 0; i < distances.rows(); ++i) {
    if (untrained[i]) continue;
    if (own_control[i] >= 0) to_own_control.Add(distances(own_control[i], i));
    nearest_untrained.Add(UntrainedAmongNearest(distances, untrained, i));
  }
  out.own_control = to_own_control.Value();
  if (out.untrained > 0) out.nearest_untrained = nearest_untrained.Value();
  // Of a Separation only what needs no permutation.
  const std::vector<int> labels(untrained.begin(), untrained.end());
  const Separation separation = MeasureSeparation(distances, labels, labels, /*permutations=*/0);
  out.accuracy = separation.neighbour_accuracy;
  out.chance = separation.neighbour_chance;
  out.silhouette = separation.silhouette;
  return out;
}

}  // namespace rnnfarm::analysis
