// Where a population's numbers are on a device. Extents in C order, in floats unless said; every
// array begins with the slots (one a network).
#ifndef RNNFARM_WORKER_ENGINE_CUDA_LAYOUT_H_
#define RNNFARM_WORKER_ENGINE_CUDA_LAYOUT_H_

#include <cstdint>

#include "base/host_device.h"
#include "base/philox.h"
#include "worker/rnn/architecture.h"

namespace rnnfarm::engine::cuda {

// The numbers that all networks of a population share.
//
// A row of the state at step t is [x_t, 1, 0 …, h_t], and a row of the weights [A, b, 0 …, W], so
// that one product gives all of a step's pre-activations and one the gradient of all weights. The
// readout's rows are laid out likewise, with zeros in the place of A.
struct Layout {
  rnn::Architecture architecture = rnn::Architecture::kVanilla;
  rnn::Activation activation = rnn::Activation::kTanh;
  int units = 0, inputs = 0, outputs = 0;
  int gates = 1;       // G
  int main_gates = 1;  // of the first product of a step: 2 of the GRU's 3, all of the others'
  bool has_cell = false;
  int biased_gate = -1;
  float gate_bias = 0;
  float alpha = 0;        // leaky
  double deviation = 0;   // of the leaky cell's noise; 0: none
  int batch = 0;          // B
  int steps = 0;          // T, of the longest trial
  int validation = 0;     // trials
  int head = 0;           // [x, 1], padded
  int row = 0;            // head + units, padded
  bool resident = false;  // which of the two designs (sequence.h)
  int blocks = 1;         // resident: of one network

  RNNFARM_HD int64_t gate_row() const { return int64_t{gates} * units; }
  // Of one slot's weights: (G N, row), then the readout (K, row), then the initial state.
  RNNFARM_HD int64_t readout_at() const { return gate_row() * row; }
  RNNFARM_HD int64_t initial_at() const { return readout_at() + int64_t{outputs} * row; }
  RNNFARM_HD int64_t weights_size() const {
    return (initial_at() + int64_t{has_cell ? 2 : 1} * units + 3) / 4 * 4;
  }
  RNNFARM_HD int64_t parameter_count() const {
    return gate_row() * (inputs + units + 1) + int64_t{outputs} * (units + 1) +
           int64_t{has_cell ? 2 : 1} * units;
  }
  // From one slot to the next.
  RNNFARM_HD int64_t state_slot() const { return int64_t{steps + 1} * batch * row; }
  RNNFARM_HD int64_t gates_slot() const { return int64_t{steps} * batch * gate_row(); }
  RNNFARM_HD int64_t cell_slot() const { return int64_t{steps + 1} * batch * units; }
  RNNFARM_HD int64_t noise_slot() const { return int64_t{batch} * steps * units; }
  RNNFARM_HD int64_t output_slot() const { return int64_t{steps} * batch * outputs; }
  RNNFARM_HD int64_t unit_slot() const { return int64_t{batch} * units; }

  // A network in one block sums the gradient of its weights as it goes; otherwise that is a product
  // over all steps at the end, whose factors outlive their steps.
  bool sums_at_the_end() const { return !resident || blocks > 1; }
  // Whether gate values outlive their step, in one block only those that the backward pass needs.
  bool keeps_gates() const {
    return sums_at_the_end() || architecture != rnn::Architecture::kVanilla;
  }
  bool resets() const { return architecture == rnn::Architecture::kGru && sums_at_the_end(); }
};

// What a block of a device may have.
struct BlockLimits {
  int64_t shared_bytes = 0;  // memory of its own
  bool clusters = false;     // other blocks that it works together with
};

// How one parameter (its place in rnn::ParameterLayout) lies in the weights.
struct Placed {
  int64_t at = 0;
  float offset = 0;  // what is added to it: b_fg
};

RNNFARM_HD_INLINE Placed PlaceOf(const Layout& l, int64_t p) {
  const int64_t rows = l.gate_row();
  if (p < rows * l.inputs) return {p / l.inputs * l.row + p % l.inputs, 0};
  p -= rows * l.inputs;
  if (p < rows * l.units) return {p / l.units * l.row + l.head + p % l.units, 0};
  p -= rows * l.units;
  if (p < rows) {
    const bool biased = l.biased_gate >= 0 && p / l.units == l.biased_gate;
    return {p * l.row + l.inputs, biased ? l.gate_bias : 0.0f};
  }
  p -= rows;
  if (p < int64_t{l.outputs} * l.units) {
    return {l.readout_at() + p / l.units * l.row + l.head + p % l.units, 0};
  }
  p -= int64_t{l.outputs} * l.units;
  if (p < l.outputs) return {l.readout_at() + p * l.row + l.inputs, 0};
  return {l.initial_at() + p - l.outputs, 0};
}

// What is a network's own.
struct Slot {
  base::StreamKey trials, noise;
  double learning_rate = 0, lr_decay = 1, decay_steps = 1;
  double clip_norm = 1, l2 = 0;
  float momentum = 0;
  int64_t iteration = 0;
  int64_t diverged_at = -1;
  double pending_loss = 0;
  double squares = 0;  // of the last loss
};

// The sum of squares of a slot is made in so many parts, the readout's gradient in so many segments
// of steps.
inline constexpr int kLossParts = 16;
inline constexpr int kSegments = 8;

// Of cuBLAS: what its documentation recommends for the largest devices.
inline constexpr int64_t kWorkspaceBytes = 32 << 20;

struct Arrays {
  Slot* slots = nullptr;
  int32_t* active = nullptr;     // 0: the slot stands still
  float* parameters = nullptr;   // (P), by rnn::ParameterLayout
  float* velocity = nullptr;     // (P)
  float* weights = nullptr;      // (weights_size), made of the parameters
  float* gradient = nullptr;     // (weights_size)
  float* state = nullptr;        // (T + 1, B, row)
  float* gates = nullptr;        // (T, B, G N): pre-activations, then values, then their gradients
  float* reset = nullptr;        // GRU: (T, B, row) of [x, 1, r h] (clusters: of r h alone)
  float* cell = nullptr;         // LSTM: (T + 1, B, N)
  float* noise = nullptr;        // leaky with noise: (B, T, N)
  float* target = nullptr;       // (B, T, K)
  float* mask = nullptr;         // (B, T, K), or null: 1 everywhere
  float* error = nullptr;        // (T, B, K): ∂loss/∂y
  float* carry = nullptr;        // general: (B, N), ∂loss/∂h
  float* cell_carry = nullptr;   // LSTM, general: (B, N), ∂loss/∂c
  float* product = nullptr;      // GRU, general: (B, N), ∂loss/∂(r h)
  double* loss_parts = nullptr;  // (kLossParts)
  float* readout_segments = nullptr;  // (kSegments, K, row)

  RNNFARM_HD bool at_work(int64_t slot) const {
    return active[slot] != 0 && slots[slot].diverged_at < 0;
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_LAYOUT_H_
