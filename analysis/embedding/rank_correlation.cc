#include "analysis/embedding/rank_correlation.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "analysis/for_each_index.h"

namespace rnnfarm::analysis {
namespace {

// Ranks from 0, less their mean. What is sorted holds its values: looking them up through the
// indices would miss the cache at every comparison.
Vector CentredRanks(const Vector& values) {
  const Eigen::Index n = values.size();
  std::vector<std::pair<double, Eigen::Index>> order(n);
  for (Eigen::Index i = 0; i < n; ++i) order[i] = {values[i], i};
  std::sort(order.begin(), order.end(),
            [](const auto& x, const auto& y) { return x.first < y.first; });
  Vector ranks(n);
  for (Eigen::Index first = 0; first < n;) {
    Eigen::Index end = first;
    while (end < n && order[end].first == order[first].first) ++end;
    for (Eigen::Index i = first; i < end; ++i) {
      ranks[order[i].second] =
          0.5 * static_cast<double>(first + end - 1) - 0.5 * static_cast<double>(n - 1);
    }
    first = end;
  }
  return ranks;
}

}  // namespace

double RankCorrelation(const Vector& a, const Vector& b, int threads) {
  Vector x, y;
  ForEachIndex(2, threads, [&](int64_t side) {
    if (side == 0) x = CentredRanks(a);
    if (side == 1) y = CentredRanks(b);
  });
  const double norms = x.norm() * y.norm();
  return norms > 0 ? x.dot(y) / norms : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace rnnfarm::analysis
