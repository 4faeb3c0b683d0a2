#include "worker/dynamics/starts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// All pairs of different points, or `limit` random ones where there are more.
std::vector<std::pair<int64_t, int64_t>> RandomPairs(int64_t points, int64_t limit,
                                                     base::RandomStream& random) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  if (points * (points - 1) / 2 > limit) {
    while (static_cast<int64_t>(pairs.size()) < limit) {
      const int64_t i = random.Below(points), j = random.Below(points - 1);
      pairs.emplace_back(i, j + (j >= i));
    }
    return pairs;
  }
  for (int64_t i = 0; i < points; ++i) {
    for (int64_t j = i + 1; j < points; ++j) pairs.emplace_back(i, j);
  }
  return pairs;
}

// Adds a uniform point of the simplex spanned by two or three random points.
void AddRandomCombination(double* weights, int64_t points, base::RandomStream& random) {
  const int corners = 2 + static_cast<int>(random.Below(2));
  double share[3] = {0, 0, 0}, total = 0;
  int64_t corner[3] = {0, 0, 0};
  for (int i = 0; i < corners; ++i) {
    corner[i] = random.Below(points);
    share[i] = -std::log1p(-random.Uniform());
    total += share[i];
  }
  for (int i = 0; i < corners; ++i)
    weights[corner[i]] += total > 0 ? share[i] / total : 1. / corners;
}

}  // namespace

Tensor NearbyStates(const Trajectories& trajectories, const Tensor& input, int64_t trials) {
  const Tensor distances = (trajectories.inputs - input).square().sum(2).mean(1).contiguous();
  const double* distance = distances.data_ptr<double>();
  std::vector<int64_t> order(distances.size(0));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return distance[a] < distance[b]; });
  order.resize(std::clamp<int64_t>(trials, 1, order.size()));
  return trajectories.states.index_select(0, torch::tensor(order, torch::kInt64)).flatten(0, 1);
}

Tensor NoisyStates(const Tensor& states, int64_t count, double noise, base::RandomStream& random) {
  std::vector<int64_t> rows(count);
  for (int64_t& row : rows) row = random.Below(static_cast<uint32_t>(states.size(0)));
  Tensor out = states.index_select(0, torch::tensor(rows, torch::kInt64)).contiguous();
  if (noise == 0) return out;
  double* value = out.data_ptr<double>();
  for (int64_t i = 0; i < out.numel(); ++i) value[i] += noise * random.Normal();
  return out;
}

Tensor Combinations(const Tensor& points, int64_t count, base::RandomStream& random) {
  const int64_t n = points.size(0);
  Tensor weights = torch::zeros({count, n}, torch::kFloat64);
  double* weight = weights.data_ptr<double>();
  int64_t row = 0;
  for (const auto& [i, j] : RandomPairs(n, count / 2, random)) {
    weight[row * n + i] = weight[row * n + j] = 0.5;
    ++row;
  }
  for (; row < count; ++row) AddRandomCombination(weight + row * n, n, random);
  return torch::matmul(weights, points);
}

}  // namespace rnnfarm::dynamics
