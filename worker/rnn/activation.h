// f, the nonlinearity in every place that is not a gate, and the pieces of a stack of gates.
#ifndef RNNFARM_WORKER_RNN_ACTIVATION_H_
#define RNNFARM_WORKER_RNN_ACTIVATION_H_

#include <torch/torch.h>

#include "worker/rnn/cell_spec.h"

namespace rnnfarm::rnn {

inline torch::Tensor Activate(Activation activation, const torch::Tensor& z) {
  return activation == Activation::kTanh ? torch::tanh(z) : torch::relu(z);
}

// f'(z) from f(z); relu's at z = 0 is 0, as autograd has it.
inline torch::Tensor ActivationSlope(Activation activation, const torch::Tensor& value) {
  return activation == Activation::kTanh ? 1 - value * value : (value > 0).to(value.scalar_type());
}

// Rows of gate `index`, N each, of weights (G N, …) or of a bias (G N).
inline torch::Tensor GateRows(const CellSpec& spec, const torch::Tensor& stacked, int index) {
  return stacked.narrow(0, int64_t{index} * spec.units, spec.units);
}

// Columns of gate `index` of pre-activations (batch, G N).
inline torch::Tensor GateColumns(const CellSpec& spec, const torch::Tensor& stacked, int index) {
  return stacked.narrow(1, int64_t{index} * spec.units, spec.units);
}

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_ACTIVATION_H_
