// Networks that were trained elsewhere: an .npz with PyTorch's parameter names.
#ifndef RNNFARM_CLIENT_FOREIGN_NETWORK_H_
#define RNNFARM_CLIENT_FOREIGN_NETWORK_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::client {

// What such a file does not say of itself.
struct ForeignCell {
  std::string architecture;  // empty: the file must say
  std::string activation;
  double gate_bias = 0;  // inside the sigmoid of the update or forget gate
  double alpha = 0.2;    // leaky: dt / tau
};

// Reads one of our network files, or an .npz with weight_ih_l0, weight_hh_l0 and, each optional,
// bias_ih_l0, bias_hh_l0 (added to the former), readout.weight, readout.bias, initial_state (0 if
// absent; without a readout one output that is always 0). Gates are stacked as rnn::ParameterLayout
// says. INVALID_ARGUMENT names what is missing or has a wrong shape. `say` gets a sentence where
// the file may have been meant otherwise than it is read.
absl::StatusOr<rnn::NetworkFile> ReadNetwork(absl::string_view bytes, absl::string_view source,
                                             const ForeignCell& cell,
                                             const std::function<void(const std::string&)>& say);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_FOREIGN_NETWORK_H_
