// Networks that were trained elsewhere: an .npz of their weights, in one of two layouts.
//
// PyTorch's names: weight_ih_l0 (G N, M), weight_hh_l0 (G N, N) and, each optional, bias_ih_l0 and
// bias_hh_l0 (G N), which are added, readout.weight (K, N), readout.bias (K), initial_state (S).
// Rows of gates are stacked as rnn::ParameterLayout says.
//
// The equations' names, one array a gate: W_x (N, N), A_x (N, M) and b_x (N; optional) for each
// gate x of the cell, R (K, N; optional), b_o (K; optional), h0 (S; optional).
//   vanilla, leaky: W, A, b without a letter   ugrnn: g, c   gru: u, r, c   lstm: I, F, G, O
#ifndef RNNFARM_WORKER_RNN_FOREIGN_NETWORK_H_
#define RNNFARM_WORKER_RNN_FOREIGN_NETWORK_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::rnn {

// What such a file does not say of itself.
struct ForeignCell {
  std::string architecture;  // empty: the file must say
  std::string activation;
  double gate_bias = 0;  // inside the sigmoid of the update or forget gate
  double alpha = 0.2;    // leaky: dt / tau
  int outputs = 1;       // where the file has no readout: so many that are always 0
};

// Reads one of our network files, whatever `cell` says, or a foreign one. An optional array that is
// absent is 0. INVALID_ARGUMENT names the file and the array that is missing, unknown, not finite
// or of a wrong shape, and what was expected. `say` gets a sentence where the file may have been
// meant otherwise than it is read.
absl::StatusOr<NetworkFile> ReadNetwork(absl::string_view bytes, absl::string_view source,
                                        const ForeignCell& cell,
                                        const std::function<void(const std::string&)>& say);

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_FOREIGN_NETWORK_H_
