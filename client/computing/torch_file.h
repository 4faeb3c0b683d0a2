// A network as torch.load(path, weights_only=True) reads it: a dictionary of plain values and
// tensors.
//
//   state_dict      for the cells that PyTorch has (vanilla, and lstm with tanh): what
//                   load_state_dict of torch.nn.RNN or torch.nn.LSTM takes
//   weights         in its place for every other cell, so that it is not taken for PyTorch's
//   readout         weight, bias: what load_state_dict of torch.nn.Linear takes
//   initial_state, loss_curve, gate_bias, alpha, noise
//                   tensors, as in the .npz
//   architecture, activation, units, meta
//                   texts and a whole number
#ifndef RNNFARM_CLIENT_COMPUTING_TORCH_FILE_H_
#define RNNFARM_CLIENT_COMPUTING_TORCH_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::client {

// From the bytes of a network's .npz, whose name in errors is `source`. The same bytes give the
// same file.
absl::StatusOr<std::string> TorchFileOf(absl::string_view npz, absl::string_view source);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPUTING_TORCH_FILE_H_
