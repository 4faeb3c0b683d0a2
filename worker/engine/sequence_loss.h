// The loss of one network on a batch of trials, in libtorch, for any floating type.
#ifndef RNNFARM_WORKER_ENGINE_SEQUENCE_LOSS_H_
#define RNNFARM_WORKER_ENGINE_SEQUENCE_LOSS_H_

#include <torch/torch.h>

#include "base/random_stream.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::engine {

// A batch of trials, step by step: the time is the outer dimension.
struct Batch {
  torch::Tensor x;      // (T, B, M)
  torch::Tensor y;      // (T, B, K)
  torch::Tensor mask;   // (T, B, K), or undefined: 1 everywhere
  torch::Tensor noise;  // (T, B, N), inside f of the leaky cell, or undefined: none
};

// Rows first … first + count - 1 of the trials, float32.
Batch BatchOf(const task::Trials& trials, int64_t first, int64_t count);

// (T, B, N) of N(0, deviation²); row b is a pure function of (key, first_substream + b), and
// shorter sequences are the beginnings of longer ones.
torch::Tensor NoiseOf(base::StreamKey key, uint64_t first_substream, int64_t steps, int64_t batch,
                      int64_t units, double deviation);

// Mean over batch, time and outputs of mask (y - target)², without L2; a scalar, differentiable in
// `flat`. The plain statement: one rnn::StepProjected a step.
torch::Tensor SequenceLoss(const rnn::CellSpec& spec, const torch::Tensor& flat,
                           const Batch& batch);

struct LossAndGradient {
  double loss = 0;
  torch::Tensor gradient;  // (P), of the loss by `flat`
};

LossAndGradient GradientByAutograd(const rnn::CellSpec& spec, const torch::Tensor& flat,
                                   const Batch& batch);

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_SEQUENCE_LOSS_H_
