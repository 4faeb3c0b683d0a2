// Files of networks, our own and foreign ones, and of checkpoints.
#include <limits>

#include "base/utf8.h"
#include "tests/fuzz/arrays.h"
#include "tests/fuzz/target.h"
#include "worker/engine/engine.h"
#include "worker/rnn/foreign_network.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::fuzz {
namespace {

rnn::CellSpec SmallCell() {
  rnn::CellSpec spec;
  spec.architecture = rnn::Architecture::kGru;
  spec.units = 2;
  spec.inputs = 1;
  spec.outputs = 1;
  return spec;
}

void CheckNetwork(const absl::StatusOr<rnn::NetworkFile>& network) {
  if (!network.ok()) return Require(base::IsUtf8(network.status().message()), "a refusal is text");
  Require(network->parameters.size() == rnn::ParameterCount(network->spec),
          "a network has the parameters of its cell");
  const auto bytes = rnn::EncodeNetwork(*network);
  Require(bytes.ok(), "a network that was read can be written");
  const auto again = rnn::DecodeNetwork(*bytes, "again");
  Require(again.ok() && again->parameters == network->parameters,
          "a network is written and read back");
}

void CheckCheckpoint(absl::string_view bytes) {
  const auto checkpoint = engine::DecodeCheckpoint(SmallCell(), bytes, "fuzz.npz");
  if (!checkpoint.ok())
    return Require(base::IsUtf8(checkpoint.status().message()), "a refusal is text");
  Require(engine::EncodeCheckpoint(SmallCell(), *checkpoint).ok(),
          "a checkpoint that was read can be written");
}

}  // namespace

std::vector<std::string> Seeds() {
  rnn::NetworkFile network;
  network.spec = SmallCell();
  network.parameters.assign(rnn::ParameterCount(network.spec), 0.5f);
  network.loss_curve = {{0, 1, 1}, {10, 0.5, 0.75}};
  engine::Checkpoint checkpoint;
  checkpoint.iteration = 10;
  checkpoint.parameters = network.parameters;
  checkpoint.velocity = network.parameters;
  checkpoint.loss_curve = network.loss_curve;
  return {
      Unpacked(rnn::EncodeNetwork(network).value()),
      Unpacked(engine::EncodeCheckpoint(network.spec, checkpoint).value()),
      Unpacked({{"weight_ih_l0", Floats({6, 1})}, {"weight_hh_l0", Floats({6, 2})}}),
      Unpacked({{"W_u", Doubles({2, 2})},
                {"A_u", Doubles({2, 1})},
                {"W_r", Doubles({2, 2})},
                {"A_r", Doubles({2, 1})},
                {"W_c", Doubles({2, 2})},
                {"A_c", Doubles({2, 1})}}),
  };
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  const std::string bytes = fuzz::Packed(fuzz::AsView(data, size));
  fuzz::CheckNetwork(rnn::DecodeNetwork(bytes, "fuzz.npz"));
  rnn::ForeignCell cell;
  cell.architecture = "gru";
  cell.activation = "tanh";
  fuzz::CheckNetwork(rnn::ReadNetwork(bytes, "fuzz.npz", cell, [](const std::string&) {}));
  fuzz::CheckCheckpoint(bytes);
  return 0;
}
