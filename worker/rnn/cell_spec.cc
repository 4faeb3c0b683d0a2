#include "worker/rnn/cell_spec.h"

#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/rnn/gates.h"

namespace rnnfarm::rnn {

namespace {

// In the order of the enumerators.
constexpr std::array<absl::string_view, 5> kArchitectures = {"vanilla", "ugrnn", "gru", "lstm",
                                                             "leaky"};
constexpr std::array<absl::string_view, 2> kActivations = {"tanh", "relu"};

template <typename Enum, size_t n>
absl::StatusOr<Enum> Parse(absl::string_view name, const std::array<absl::string_view, n>& names,
                           absl::string_view what) {
  for (size_t i = 0; i < n; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown ", what, " \"", name, "\"; use one of: ", absl::StrJoin(names, ", ")));
}

}  // namespace

absl::StatusOr<Architecture> ParseArchitecture(absl::string_view name) {
  return Parse<Architecture>(name, kArchitectures, "architecture");
}

absl::StatusOr<Activation> ParseActivation(absl::string_view name) {
  return Parse<Activation>(name, kActivations, "activation");
}

absl::string_view Name(Architecture architecture) {
  return kArchitectures[static_cast<size_t>(architecture)];
}

absl::string_view Name(Activation activation) {
  return kActivations[static_cast<size_t>(activation)];
}

int CellSpec::gates() const {
  switch (architecture) {
    case Architecture::kUgrnn:
      return 2;
    case Architecture::kGru:
      return 3;
    case Architecture::kLstm:
      return 4;
    case Architecture::kVanilla:
    case Architecture::kLeaky:
      return 1;
  }
  return 1;
}

int CellSpec::state_size() const { return architecture == Architecture::kLstm ? 2 * units : units; }

int BiasedGate(Architecture architecture) {
  switch (architecture) {
    case Architecture::kUgrnn:
    case Architecture::kGru:
      return 0;
    case Architecture::kLstm:
      return 1;
    case Architecture::kVanilla:
    case Architecture::kLeaky:
      return -1;
  }
  return -1;
}

std::vector<ParameterSlice> ParameterLayout(const CellSpec& spec) {
  const int64_t rows = int64_t{spec.gates()} * spec.units;
  std::vector<ParameterSlice> layout = {
      {"weight_ih_l0", {rows, spec.inputs}},
      {"weight_hh_l0", {rows, spec.units}},
      {"bias_ih_l0", {rows}},
      {"readout.weight", {spec.outputs, spec.units}},
      {"readout.bias", {spec.outputs}},
      {"initial_state", {spec.state_size()}},
  };
  int64_t offset = 0;
  for (ParameterSlice& slice : layout) {
    slice.size = 1;
    for (int64_t extent : slice.shape) slice.size *= extent;
    slice.offset = offset;
    offset += slice.size;
  }
  return layout;
}

int64_t ParameterCount(const CellSpec& spec) {
  const ParameterSlice last = ParameterLayout(spec).back();
  return last.offset + last.size;
}

}  // namespace rnnfarm::rnn
