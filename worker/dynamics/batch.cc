#include "worker/dynamics/batch.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace rnnfarm::dynamics {

using torch::Tensor;

int64_t RowsOfMatrices(int64_t bytes, int64_t size) {
  return std::max<int64_t>(1, bytes / (size * size * int64_t{sizeof(double)}));
}

Tensor HalfSquaredNorm(const Tensor& residual) { return 0.5 * residual.square().sum(1); }

Tensor Residual(const TrainedNetwork& network, const Tensor& input, const Tensor& states) {
  return Advance(network, input, states) - states;
}

Tensor Capped(const Tensor& step, double largest) {
  const Tensor size = std::get<0>(step.abs().max(1, true));
  return step * (largest / size).clamp_max(1);
}

void KeepRows(const Tensor& mask, const std::vector<Tensor*>& tensors) {
  const Tensor rows = torch::nonzero(mask).squeeze(1);
  if (rows.size(0) == mask.size(0)) return;
  for (Tensor* each : tensors) *each = each->index_select(0, rows);
}

Solved AtTheirStarts(const Tensor& starts, const torch::Device& device) {
  const Tensor states = starts.to(device, torch::kFloat64, /*non_blocking=*/false, /*copy=*/true);
  return {states,
          torch::full({starts.size(0)}, std::numeric_limits<double>::infinity(), states.options())};
}

}  // namespace rnnfarm::dynamics
