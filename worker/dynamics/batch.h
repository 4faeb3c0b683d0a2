// What the searches that work on whole batches of states share.
#ifndef RNNFARM_WORKER_DYNAMICS_BATCH_H_
#define RNNFARM_WORKER_DYNAMICS_BATCH_H_

#include <torch/torch.h>

#include <vector>

#include "worker/dynamics/newton.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// Matrices (S, S) of one chunk of states on a device: enough to fill it, a small part of its
// memory, most of which is for training. A step takes a few times as much.
inline constexpr int64_t kDeviceBytes = int64_t{64} << 20;

// Of matrices (size, size) in float64, as many as `bytes` hold, and at least one.
int64_t RowsOfMatrices(int64_t bytes, int64_t size);

// |residual|² / 2 of each row, (batch, S) -> (batch).
torch::Tensor HalfSquaredNorm(const torch::Tensor& residual);

// F(s, x) - s for each row of `states`.
torch::Tensor Residual(const TrainedNetwork& network, const torch::Tensor& input,
                       const torch::Tensor& states);

// Shortens rows whose largest component exceeds `largest`.
torch::Tensor Capped(const torch::Tensor& step, double largest);

// Keeps those rows of all tensors where `mask` (rows) is true. Waits once for a device.
void KeepRows(const torch::Tensor& mask, const std::vector<torch::Tensor*>& tensors);

// What a search has before it begins: copies of the starts on `device`, q infinite.
Solved AtTheirStarts(const torch::Tensor& starts, const torch::Device& device);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_BATCH_H_
