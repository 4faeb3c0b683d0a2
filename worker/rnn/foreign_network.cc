#include "worker/rnn/foreign_network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/array_file.h"

namespace rnnfarm::rnn {
namespace {

using Shape = std::vector<int64_t>;

// The parts of ParameterLayout, in its order.
enum Part { kInputWeight, kRecurrentWeight, kBias, kReadoutWeight, kReadoutBias, kInitialState };

struct Block {
  std::string name;
  bool required = false;
};

// Which arrays hold a part: blocks of rows one below the other, or several that are added.
struct PartNames {
  std::vector<Block> stacked;
  std::string added;  // a second array of the whole part's shape, or empty
};

struct Layout {
  PartNames parts[6];

  std::vector<std::string> AllNames() const {
    std::vector<std::string> names;
    for (const PartNames& part : parts) {
      for (const Block& block : part.stacked) names.push_back(block.name);
      if (!part.added.empty()) names.push_back(part.added);
    }
    return names;
  }
};

Layout PyTorchLayout() {
  Layout layout;
  layout.parts[kInputWeight].stacked = {{"weight_ih_l0", true}};
  layout.parts[kRecurrentWeight].stacked = {{"weight_hh_l0", true}};
  layout.parts[kBias] = {{{"bias_ih_l0"}}, "bias_hh_l0"};
  layout.parts[kReadoutWeight].stacked = {{"readout.weight"}};
  layout.parts[kReadoutBias].stacked = {{"readout.bias"}};
  layout.parts[kInitialState].stacked = {{"initial_state"}};
  return layout;
}

// In the order of ParameterLayout.
std::vector<std::string> GateLetters(Architecture architecture) {
  switch (architecture) {
    case Architecture::kUgrnn:
      return {"_g", "_c"};
    case Architecture::kGru:
      return {"_u", "_r", "_c"};
    case Architecture::kLstm:
      return {"_I", "_F", "_G", "_O"};
    default:
      return {""};
  }
}

Layout EquationsLayout(Architecture architecture) {
  Layout layout;
  for (const std::string& letter : GateLetters(architecture)) {
    layout.parts[kInputWeight].stacked.push_back({"A" + letter, true});
    layout.parts[kRecurrentWeight].stacked.push_back({"W" + letter, true});
    layout.parts[kBias].stacked.push_back({"b" + letter});
  }
  layout.parts[kReadoutWeight].stacked = {{"R"}};
  layout.parts[kReadoutBias].stacked = {{"b_o"}};
  layout.parts[kInitialState].stacked = {{"h0"}};
  return layout;
}

class Reader {
 public:
  Reader(const base::Archive& archive, absl::string_view source, Layout layout)
      : archive_(archive), source_(source), layout_(std::move(layout)) {}

  absl::Status CheckNames(Architecture architecture) const {
    const std::vector<std::string> known = layout_.AllNames();
    for (const auto& [name, array] : archive_.entries()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      return absl::InvalidArgumentError(absl::StrCat(source_, ": array ", name,
                                                     " is no parameter of ", Name(architecture),
                                                     "; expected ", absl::StrJoin(known, ", ")));
    }
    return absl::OkStatus();
  }

  // Units, inputs and outputs from the shapes of the weights; one that does not fit is named.
  absl::Status SetSize(CellSpec& spec) const {
    const auto recurrent = archive_.Find(First(kRecurrentWeight), {-1, -1});
    if (!recurrent.ok()) return recurrent.status();
    const int64_t units = (*recurrent)->shape[1];
    const auto too_many = [&](absl::string_view what, int64_t count) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, ": ", count, " ", what, "; expected at most ", kMostForeignUnits));
    };
    if (units > kMostForeignUnits) return too_many("units", units);
    spec.units = static_cast<int>(units);
    const int64_t blocks = static_cast<int64_t>(layout_.parts[kRecurrentWeight].stacked.size());
    const int64_t rows = spec.gates() / blocks * units;
    if ((*recurrent)->shape[0] != rows || units == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          source_, ": array ", First(kRecurrentWeight), " is ", (*recurrent)->Describe(),
          "; expected ", rows, " rows, as ", Name(spec.architecture), " of ", units, " units has"));
    }
    const auto input = archive_.Find(First(kInputWeight), {rows, -1});
    if (!input.ok()) return input.status();
    if ((*input)->shape[1] > kMostForeignUnits) return too_many("inputs", (*input)->shape[1]);
    spec.inputs = static_cast<int>((*input)->shape[1]);
    if (!archive_.Has(First(kReadoutWeight))) return absl::OkStatus();
    const auto readout = archive_.Find(First(kReadoutWeight), {-1, units});
    if (!readout.ok()) return readout.status();
    if ((*readout)->shape[0] > kMostForeignUnits) return too_many("outputs", (*readout)->shape[0]);
    spec.outputs = static_cast<int>((*readout)->shape[0]);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<float>> Parameters(const CellSpec& spec) const {
    const std::vector<ParameterSlice> slices = ParameterLayout(spec);
    std::vector<float> parameters;
    for (size_t part = 0; part < slices.size(); ++part) {
      const auto values = ValuesOf(layout_.parts[part], slices[part].shape);
      if (!values.ok()) return values.status();
      for (const double value : *values) parameters.push_back(static_cast<float>(value));
    }
    return parameters;
  }

 private:
  static constexpr int64_t kMostForeignUnits = 1 << 14;

  const std::string& First(Part part) const { return layout_.parts[part].stacked.front().name; }

  absl::StatusOr<std::vector<double>> ValuesOf(const PartNames& part, const Shape& whole) const {
    Shape shape = whole;
    shape[0] /= static_cast<int64_t>(part.stacked.size());
    std::vector<double> values;
    for (const Block& block : part.stacked) {
      const auto rows = Numbers(block.name, shape, block.required);
      if (!rows.ok()) return rows.status();
      values.insert(values.end(), rows->begin(), rows->end());
    }
    if (part.added.empty()) return values;
    const auto added = Numbers(part.added, whole, false);
    if (!added.ok()) return added.status();
    for (size_t i = 0; i < values.size(); ++i) values[i] += (*added)[i];
    return values;
  }

  // Zeros where the file has no array of that name and need not.
  absl::StatusOr<std::vector<double>> Numbers(const std::string& name, const Shape& shape,
                                              bool required) const {
    if (!required && !archive_.Has(name)) {
      int64_t size = 1;
      for (const int64_t extent : shape) size *= extent;
      return std::vector<double>(size, 0.0);
    }
    const absl::StatusOr<const base::Array*> array = archive_.Find(name, shape);
    if (!array.ok()) return array.status();
    absl::StatusOr<std::vector<double>> values = (*array)->ToDoubles();
    if (!values.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(source_, ": array ", name, ": ", values.status().message()));
    }
    for (size_t i = 0; i < values->size(); ++i) {
      if (std::abs((*values)[i]) <= std::numeric_limits<float>::max()) continue;
      return absl::InvalidArgumentError(absl::StrCat(source_, ": array ", name, " is ",
                                                     (*values)[i], " at element ", i,
                                                     "; expected finite float32 numbers"));
    }
    return values;
  }

  const base::Archive& archive_;
  const std::string source_;
  const Layout layout_;
};

absl::StatusOr<CellSpec> CellOf(const ForeignCell& cell) {
  CellSpec spec;
  const absl::StatusOr<Architecture> architecture = ParseArchitecture(cell.architecture);
  if (!architecture.ok()) return architecture.status();
  const absl::StatusOr<Activation> activation = ParseActivation(cell.activation);
  if (!activation.ok()) return activation.status();
  spec.architecture = *architecture;
  spec.activation = *activation;
  spec.gate_bias = cell.gate_bias;
  spec.alpha = cell.alpha;
  spec.outputs = cell.outputs;
  return spec;
}

}  // namespace

absl::StatusOr<NetworkFile> ReadNetwork(absl::string_view bytes, absl::string_view source,
                                        const ForeignCell& cell,
                                        const std::function<void(const std::string&)>& say) {
  const absl::StatusOr<base::Archive> archive = base::Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  if (archive->Has("architecture") && archive->Has("activation")) {
    return DecodeNetwork(bytes, source);
  }
  if (cell.architecture.empty() || cell.activation.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, " does not say what it is; add --architecture A and --activation F"));
  }
  const absl::StatusOr<CellSpec> spec = CellOf(cell);
  if (!spec.ok()) return spec.status();
  const Layout equations = EquationsLayout(spec->architecture);
  const bool by_gate = archive->Has(equations.parts[kRecurrentWeight].stacked.front().name);
  const Reader reader(*archive, source, by_gate ? equations : PyTorchLayout());
  NetworkFile network;
  network.spec = *spec;
  if (absl::Status named = reader.CheckNames(spec->architecture); !named.ok()) return named;
  if (absl::Status sized = reader.SetSize(network.spec); !sized.ok()) return sized;
  absl::StatusOr<std::vector<float>> parameters = reader.Parameters(network.spec);
  if (!parameters.ok()) return parameters.status();
  network.parameters = *std::move(parameters);
  if (!by_gate && spec->architecture == Architecture::kGru) {
    say(absl::StrCat(source,
                     " is read with gates in the order u, r, c and the reset before the product "
                     "with weight_hh_l0, unlike torch.nn.GRU"));
  }
  return network;
}

}  // namespace rnnfarm::rnn
