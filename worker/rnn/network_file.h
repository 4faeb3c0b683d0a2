// The .npz of one network: what `pull` gives as <task>/networks/<key>.npz, and what analysis and
// import read.
//
// Arrays: the slices of ParameterLayout by name, float32, plus bias_hh_l0 (G N), which holds
// the constant b_fg on the rows of the update or forget gate and 0 elsewhere, so that a cell that
// equals PyTorch's (vanilla, lstm) loads into torch.nn as it is; loss_curve (points, 3): iteration,
// training loss, and validation loss (NaN never occurs: the column repeats the last one measured);
// the cell: architecture and activation (texts), units, gate_bias, alpha, noise (float64 scalars);
// key (text), which names the network's random streams;
// meta, for people: JSON text with the same plus inputs, outputs, gate_order, pytorch_equivalent,
// and whatever the caller adds.
#ifndef RNNFARM_WORKER_RNN_NETWORK_FILE_H_
#define RNNFARM_WORKER_RNN_NETWORK_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::rnn {

struct LossPoint {
  int64_t iteration = 0;
  double train_loss = 0;       // mean since the point before, without L2
  double validation_loss = 0;  // without L2, the last measured
};

struct NetworkFile {
  CellSpec spec;
  std::vector<float> parameters;  // by ParameterLayout(spec)
  std::vector<LossPoint> loss_curve;
  // Of the random streams of its analysis, so that an import is analysed as it was before; empty:
  // not known.
  std::string key;
  // Further entries of `meta`, values are JSON text; written, never read back.
  std::map<std::string, std::string> meta;
};

// Whether torch.nn.RNN or torch.nn.LSTM computes the same from the same weights.
bool EqualsPyTorch(const CellSpec& spec);

// INVALID_ARGUMENT by the array's name if a number is not finite.
absl::StatusOr<std::string> EncodeNetwork(const NetworkFile& network);
// The cell is read from its own arrays, inputs and outputs from the shapes of the weights; any real
// type is converted to float32. INVALID_ARGUMENT by the array's name if one is missing, has
// another shape or is not finite. `source` names the file in errors.
absl::StatusOr<NetworkFile> DecodeNetwork(absl::string_view bytes, absl::string_view source);

}  // namespace rnnfarm::rnn

#endif  // RNNFARM_WORKER_RNN_NETWORK_FILE_H_
