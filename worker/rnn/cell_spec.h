// What a network is, without its weights: the numbers that fix its shape and equations.
#ifndef RNNFARM_WORKER_RNN_CELL_SPEC_H_
#define RNNFARM_WORKER_RNN_CELL_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/rnn/architecture.h"

namespace rnnfarm::rnn {

// By the names of a sweep file; INVALID_ARGUMENT lists the valid ones.
absl::StatusOr<Architecture> ParseArchitecture(absl::string_view name);
absl::StatusOr<Activation> ParseActivation(absl::string_view name);
absl::string_view Name(Architecture architecture);
absl::string_view Name(Activation activation);

struct CellSpec {
  Architecture architecture = Architecture::kVanilla;
  Activation activation = Activation::kTanh;
  int units = 64;        // N
  int inputs = 1;        // M
  int outputs = 1;       // K
  double gate_bias = 1;  // b_fg, inside the sigmoid of the update or forget gate
  double alpha = 0.2;    // leaky: dt / tau
  double noise = 0;      // leaky: s.d. inside f, in training only

  int gates() const;       // G: rows of weight_ih are G * N
  int state_size() const;  // S: N, or 2 N for the LSTM, [h; c]
};

// One parameter's place in the flat vector of a network's parameters (float32, C order).
struct ParameterSlice {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;
  int64_t size = 0;
};

// In order: weight_ih_l0 (G N, M), weight_hh_l0 (G N, N), bias_ih_l0 (G N), readout.weight (K, N),
// readout.bias (K), initial_state (S). Rows of gates, N each, are stacked in the order
//   vanilla, leaky: f   ugrnn: g, c   gru: u, r, c   lstm: i, f, g, o (PyTorch's)
std::vector<ParameterSlice> ParameterLayout(const CellSpec& spec);
int64_t ParameterCount(const CellSpec& spec);

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_CELL_SPEC_H_
