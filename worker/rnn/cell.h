// The mathematics of one network, in libtorch, as docs/science.md states it.
//
//   rnn::Weights w = rnn::Unpack(spec, flat);              // views into a flat parameter tensor
//   torch::Tensor state = rnn::InitialState(spec, w, batch);
//   state = rnn::Step(spec, w, state, x);                  // (batch, S), (batch, M) -> (batch, S)
//   torch::Tensor y = rnn::Readout(spec, w, state);        // (batch, K)
//
// Any floating type and device; differentiable in everything.
#ifndef RNNFARM_WORKER_RNN_CELL_H_
#define RNNFARM_WORKER_RNN_CELL_H_

#include <torch/torch.h>

#include "worker/rnn/cell_spec.h"

namespace rnnfarm::rnn {

struct Weights {
  torch::Tensor weight_ih;       // (G N, M)
  torch::Tensor weight_hh;       // (G N, N)
  torch::Tensor bias;            // (G N)
  torch::Tensor readout_weight;  // (K, N)
  torch::Tensor readout_bias;    // (K)
  torch::Tensor initial_state;   // (S)
};

// Views of `flat` (ParameterCount(spec)).
Weights Unpack(const CellSpec& spec, const torch::Tensor& flat);

// initial_state for each of `batch` trials: (batch, S).
torch::Tensor InitialState(const CellSpec& spec, const Weights& w, int64_t batch);

// One time step. state: (batch, S), LSTM [h; c]; x: (batch, M).
// `noise`, (batch, N) or undefined, is added inside f (leaky cell only).
torch::Tensor Step(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                   const torch::Tensor& x, const torch::Tensor& noise = {});

// The same with the input's part, x W_ihᵀ + bias, (batch, G N), computed beforehand for all steps.
torch::Tensor StepProjected(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                            const torch::Tensor& projected, const torch::Tensor& noise = {});

// The part of the state that readout, comparison and files see: (…, N) of (…, S).
torch::Tensor Hidden(const CellSpec& spec, const torch::Tensor& state);

// y = W_out h + b_out: (…, K).
torch::Tensor Readout(const CellSpec& spec, const Weights& w, const torch::Tensor& state);

// J = ∂F/∂state, (batch, S, S), and ∂F/∂x, (batch, S, M), analytically, at (state, x).
struct Linearization {
  torch::Tensor next;        // (batch, S), F(state, x)
  torch::Tensor jacobian;    // (batch, S, S)
  torch::Tensor input_gain;  // (batch, S, M); undefined unless asked for
};
Linearization Linearize(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                        const torch::Tensor& x, bool with_input_gain = false);

// A flat parameter tensor with weights ~ N(0, 1 / fan_in), biases and initial state 0; drawn from
// DeriveStream(base_seed, stream_key, "initialisation"), one substream a slice.
torch::Tensor Initialise(const CellSpec& spec, uint64_t base_seed, absl::string_view stream_key);

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_CELL_H_
