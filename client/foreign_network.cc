#include "client/foreign_network.h"

#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::client {
namespace {

// The numbers of `name`, or zeros where the file has none.
absl::StatusOr<std::vector<double>> ValuesOf(const base::Archive& archive,
                                             const rnn::ParameterSlice& slice,
                                             absl::string_view name, absl::string_view source) {
  if (!archive.Has(name)) return std::vector<double>(slice.size, 0.0);
  const absl::StatusOr<const base::Array*> array = archive.Find(name, slice.shape);
  if (!array.ok()) return array.status();
  absl::StatusOr<std::vector<double>> values = (*array)->ToDoubles();
  if (!values.ok()) return values.status();
  for (size_t i = 0; i < values->size(); ++i) {
    if (std::isfinite((*values)[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": array ", name, " is not finite at element ", i));
  }
  return values;
}

absl::StatusOr<rnn::CellSpec> SpecOf(const base::Archive& archive, absl::string_view source,
                                     const ForeignCell& cell) {
  rnn::CellSpec spec;
  const absl::StatusOr<rnn::Architecture> architecture = rnn::ParseArchitecture(cell.architecture);
  if (!architecture.ok()) return architecture.status();
  const absl::StatusOr<rnn::Activation> activation = rnn::ParseActivation(cell.activation);
  if (!activation.ok()) return activation.status();
  spec.architecture = *architecture;
  spec.activation = *activation;
  spec.gate_bias = cell.gate_bias;
  spec.alpha = cell.alpha;
  const absl::StatusOr<const base::Array*> recurrent = archive.Find("weight_hh_l0", {-1, -1});
  if (!recurrent.ok()) return recurrent.status();
  spec.units = static_cast<int>((*recurrent)->shape[1]);
  const int64_t rows = int64_t{spec.gates()} * spec.units;
  if ((*recurrent)->shape[0] != rows) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": weight_hh_l0 is ", (*recurrent)->Describe(), "; ",
                     cell.architecture, " of ", spec.units, " units has ", rows, " rows"));
  }
  const absl::StatusOr<const base::Array*> input = archive.Find("weight_ih_l0", {rows, -1});
  if (!input.ok()) return input.status();
  spec.inputs = static_cast<int>((*input)->shape[1]);
  spec.outputs = 1;
  if (!archive.Has("readout.weight")) return spec;
  const absl::StatusOr<const base::Array*> readout =
      archive.Find("readout.weight", {-1, spec.units});
  if (!readout.ok()) return readout.status();
  spec.outputs = static_cast<int>((*readout)->shape[0]);
  return spec;
}

}  // namespace

absl::StatusOr<rnn::NetworkFile> ReadNetwork(absl::string_view bytes, absl::string_view source,
                                             const ForeignCell& cell,
                                             const std::function<void(const std::string&)>& say) {
  const absl::StatusOr<base::Archive> archive = base::Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  if (archive->Has("architecture") && archive->Has("activation")) {
    return rnn::DecodeNetwork(bytes, source);
  }
  if (cell.architecture.empty() || cell.activation.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, " does not say what it is; add --architecture A and --activation F"));
  }
  const absl::StatusOr<rnn::CellSpec> spec = SpecOf(*archive, source, cell);
  if (!spec.ok()) return spec.status();
  if (spec->architecture == rnn::Architecture::kGru) {
    say(absl::StrCat(source,
                     " is read with gates in the order u, r, c and the reset before the product "
                     "with weight_hh_l0, unlike torch.nn.GRU"));
  }
  rnn::NetworkFile network;
  network.spec = *spec;
  for (const rnn::ParameterSlice& slice : rnn::ParameterLayout(*spec)) {
    absl::StatusOr<std::vector<double>> values = ValuesOf(*archive, slice, slice.name, source);
    if (!values.ok()) return values.status();
    if (slice.name == "bias_ih_l0") {
      const auto second = ValuesOf(*archive, slice, "bias_hh_l0", source);
      if (!second.ok()) return second.status();
      for (size_t i = 0; i < values->size(); ++i) (*values)[i] += (*second)[i];
    }
    network.parameters.insert(network.parameters.end(), values->begin(), values->end());
  }
  return network;
}

}  // namespace rnnfarm::client
