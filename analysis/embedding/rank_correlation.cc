#include "analysis/embedding/rank_correlation.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace rnnfarm::analysis {
namespace {

// Ranks from 0, less their mean.
Vector CentredRanks(const Vector& values) {
  const Eigen::Index n = values.size();
  std::vector<Eigen::Index> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](Eigen::Index i, Eigen::Index j) { return values[i] < values[j]; });
  Vector ranks(n);
  for (Eigen::Index first = 0; first < n;) {
    Eigen::Index end = first;
    while (end < n && values[order[end]] == values[order[first]]) ++end;
    for (Eigen::Index i = first; i < end; ++i) {
      ranks[order[i]] =
          0.5 * static_cast<double>(first + end - 1) - 0.5 * static_cast<double>(n - 1);
    }
    first = end;
  }
  return ranks;
}

}  // namespace

double RankCorrelation(const Vector& a, const Vector& b) {
  const Vector x = CentredRanks(a), y = CentredRanks(b);
  const double norms = x.norm() * y.norm();
  return norms > 0 ? x.dot(y) / norms : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace rnnfarm::analysis
