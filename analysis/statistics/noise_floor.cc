#include "analysis/statistics/noise_floor.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rnnfarm::analysis {

std::optional<NoiseFloor> MeasureNoiseFloor(const Matrix& first, const Matrix& second) {
  const Eigen::Index n = first.rows();
  NoiseFloor out;
  std::vector<char> paired(n, 0);
  double sum = 0;
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      const double moved = std::abs(first(i, j) - second(i, j));
      if (std::isnan(moved)) continue;
      paired[i] = paired[j] = 1;
      ++out.pairs;
      sum += moved;
      out.largest = std::max(out.largest, moved);
    }
  }
  if (out.pairs == 0) return std::nullopt;
  out.networks = static_cast<int>(std::count(paired.begin(), paired.end(), 1));
  out.mean = sum / static_cast<double>(out.pairs);
  return out;
}

}  // namespace rnnfarm::analysis
