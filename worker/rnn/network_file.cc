#include "worker/rnn/network_file.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/array_file.h"
#include "worker/rnn/gates.h"

namespace rnnfarm::rnn {

namespace {

// Far above any network that could be trained; bounds what a broken file can ask for.
constexpr int64_t kMaxUnits = 1 << 16;
constexpr int64_t kMaxChannels = 1 << 20;
constexpr absl::string_view kConstantBias = "bias_hh_l0";

absl::string_view GateOrder(Architecture architecture) {
  switch (architecture) {
    case Architecture::kUgrnn:
      return R"(["g", "c"])";
    case Architecture::kGru:
      return R"(["u", "r", "c"])";
    case Architecture::kLstm:
      return R"(["i", "f", "g", "o"])";
    case Architecture::kVanilla:
    case Architecture::kLeaky:
      return R"(["f"])";
  }
  return "[]";
}

std::vector<float> ConstantBias(const CellSpec& spec) {
  std::vector<float> bias(int64_t{spec.gates()} * spec.units, 0.0f);
  const int gate = BiasedGate(spec.architecture);
  for (int i = 0; gate >= 0 && i < spec.units; ++i) {
    bias[int64_t{gate} * spec.units + i] = static_cast<float>(spec.gate_bias);
  }
  return bias;
}

// The shortest text that reads back as the same number.
std::string JsonNumber(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc() ? std::string(buffer, end) : "null";
}

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Meta(const NetworkFile& network) {
  const CellSpec& spec = network.spec;
  std::map<std::string, std::string> entries = network.meta;
  entries["architecture"] = JsonString(Name(spec.architecture));
  entries["activation"] = JsonString(Name(spec.activation));
  entries["units"] = absl::StrCat(spec.units);
  entries["inputs"] = absl::StrCat(spec.inputs);
  entries["outputs"] = absl::StrCat(spec.outputs);
  entries["gate_bias"] = JsonNumber(spec.gate_bias);
  entries["alpha"] = JsonNumber(spec.alpha);
  entries["noise"] = JsonNumber(spec.noise);
  entries["gate_order"] = std::string(GateOrder(spec.architecture));
  entries["pytorch_equivalent"] = EqualsPyTorch(spec) ? "true" : "false";
  std::string out = "{";
  for (const auto& [key, value] : entries) {
    absl::StrAppend(&out, out.size() > 1 ? ", " : "", JsonString(key), ": ", value);
  }
  return out + "}";
}

absl::Status Wrong(absl::string_view source, absl::string_view array, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": array ", array, " ", what));
}

absl::StatusOr<std::string> TextOf(const base::Archive& archive, absl::string_view name,
                                   absl::string_view source) {
  auto array = archive.Find(name);
  if (!array.ok()) return array.status();
  auto text = (*array)->ToText();
  if (!text.ok()) return Wrong(source, name, absl::StrCat("is no text: ", text.status().message()));
  return text;
}

// The numbers of an array of the given shape, all finite.
absl::StatusOr<std::vector<double>> NumbersOf(const base::Archive& archive, absl::string_view name,
                                              absl::Span<const int64_t> shape,
                                              absl::string_view source) {
  auto array = archive.Find(name, shape);
  if (!array.ok()) return array.status();
  auto numbers = (*array)->ToDoubles();
  if (!numbers.ok()) return Wrong(source, name, numbers.status().message());
  for (size_t i = 0; i < numbers->size(); ++i) {
    if (!std::isfinite((*numbers)[i])) {
      return Wrong(source, name, absl::StrCat("is not finite at element ", i));
    }
  }
  return numbers;
}

absl::StatusOr<double> ScalarOf(const base::Archive& archive, absl::string_view name,
                                absl::string_view source) {
  auto numbers = NumbersOf(archive, name, {}, source);
  if (!numbers.ok()) return numbers.status();
  return numbers->front();
}

// The cell's description; inputs and outputs follow from the shapes of the weights.
absl::StatusOr<CellSpec> ReadSpec(const base::Archive& archive, absl::string_view source) {
  CellSpec spec;
  auto architecture_name = TextOf(archive, "architecture", source);
  if (!architecture_name.ok()) return architecture_name.status();
  auto architecture = ParseArchitecture(*architecture_name);
  if (!architecture.ok()) return Wrong(source, "architecture", architecture.status().message());
  spec.architecture = *architecture;
  auto activation_name = TextOf(archive, "activation", source);
  if (!activation_name.ok()) return activation_name.status();
  auto activation = ParseActivation(*activation_name);
  if (!activation.ok()) return Wrong(source, "activation", activation.status().message());
  spec.activation = *activation;

  auto units = ScalarOf(archive, "units", source);
  if (!units.ok()) return units.status();
  if (*units < 1 || *units > kMaxUnits || *units != std::floor(*units)) {
    return Wrong(source, "units", absl::StrCat("is ", *units, "; expected 1 to ", kMaxUnits));
  }
  spec.units = static_cast<int>(*units);
  const std::pair<absl::string_view, double*> scalars[] = {
      {"gate_bias", &spec.gate_bias}, {"alpha", &spec.alpha}, {"noise", &spec.noise}};
  for (const auto& [name, value] : scalars) {
    auto scalar = ScalarOf(archive, name, source);
    if (!scalar.ok()) return scalar.status();
    *value = *scalar;
  }
  auto input = archive.Find("weight_ih_l0", {int64_t{spec.gates()} * spec.units, -1});
  if (!input.ok()) return input.status();
  auto output = archive.Find("readout.weight", {-1, spec.units});
  if (!output.ok()) return output.status();
  if ((*input)->shape[1] > kMaxChannels || (*output)->shape[0] > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": more than ", kMaxChannels, " inputs or outputs"));
  }
  spec.inputs = static_cast<int>((*input)->shape[1]);
  spec.outputs = static_cast<int>((*output)->shape[0]);
  return spec;
}

absl::StatusOr<std::vector<float>> ReadParameters(const base::Archive& archive,
                                                  const CellSpec& spec, absl::string_view source) {
  std::vector<float> parameters;
  parameters.reserve(ParameterCount(spec));
  for (const ParameterSlice& slice : ParameterLayout(spec)) {
    auto numbers = NumbersOf(archive, slice.name, slice.shape, source);
    if (!numbers.ok()) return numbers.status();
    for (const double value : *numbers) {
      if (std::abs(value) > std::numeric_limits<float>::max()) {
        return Wrong(source, slice.name, "is out of float32's range");
      }
      parameters.push_back(static_cast<float>(value));
    }
  }
  return parameters;
}

// A second bias that was trained would be lost silently: b_fg is all that it may hold.
absl::Status CheckConstantBias(const base::Archive& archive, const CellSpec& spec,
                               absl::string_view source) {
  if (!archive.Has(kConstantBias)) return absl::OkStatus();
  const std::vector<float> expected = ConstantBias(spec);
  auto numbers = NumbersOf(archive, kConstantBias, {static_cast<int64_t>(expected.size())}, source);
  if (!numbers.ok()) return numbers.status();
  for (size_t i = 0; i < expected.size(); ++i) {
    if (static_cast<float>((*numbers)[i]) != expected[i]) {
      return Wrong(
          source, kConstantBias,
          absl::StrCat("is ", (*numbers)[i], " at element ", i, " where gate_bias asks for ",
                       expected[i], "; add the rest to bias_ih_l0"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LossPoint>> ReadLossCurve(const base::Archive& archive,
                                                     absl::string_view source) {
  auto numbers = NumbersOf(archive, "loss_curve", {-1, 3}, source);
  if (!numbers.ok()) return numbers.status();
  std::vector<LossPoint> curve;
  for (size_t i = 0; i < numbers->size(); i += 3) {
    const double* row = numbers->data() + i;
    if (std::abs(row[0]) > 0x1p53) return Wrong(source, "loss_curve", "has no valid iterations");
    curve.push_back({static_cast<int64_t>(row[0]), row[1], row[2]});
  }
  return curve;
}

}  // namespace

// torch.nn.RNN has both activations, torch.nn.LSTM only tanh; torch.nn.GRU resets after the
// product.
bool EqualsPyTorch(const CellSpec& spec) {
  return spec.architecture == Architecture::kVanilla ||
         (spec.architecture == Architecture::kLstm && spec.activation == Activation::kTanh);
}

absl::StatusOr<std::string> EncodeNetwork(const NetworkFile& network) {
  const CellSpec& spec = network.spec;
  if (network.parameters.size() != ParameterCount(spec)) {
    return absl::InvalidArgumentError(absl::StrCat("a network of this shape has ",
                                                   ParameterCount(spec), " parameters, not ",
                                                   network.parameters.size()));
  }
  base::Archive archive;
  const absl::Span<const float> all(network.parameters);
  for (const ParameterSlice& slice : ParameterLayout(spec)) {
    archive.Add(slice.name,
                base::Array::Of<float>(slice.shape, all.subspan(slice.offset, slice.size)));
    if (slice.name == "bias_ih_l0") {
      archive.Add(std::string(kConstantBias),
                  base::Array::Of<float>(slice.shape, ConstantBias(spec)));
    }
  }
  std::vector<double> curve;
  for (const LossPoint& point : network.loss_curve) {
    curve.insert(curve.end(),
                 {static_cast<double>(point.iteration), point.train_loss, point.validation_loss});
  }
  const int64_t points = static_cast<int64_t>(network.loss_curve.size());
  archive.Add("loss_curve", base::Array::Of<double>({points, 3}, curve));
  archive.Add("architecture", base::Array::Text(Name(spec.architecture)));
  archive.Add("activation", base::Array::Text(Name(spec.activation)));
  const std::pair<const char*, double> scalars[] = {{"units", static_cast<double>(spec.units)},
                                                    {"gate_bias", spec.gate_bias},
                                                    {"alpha", spec.alpha},
                                                    {"noise", spec.noise}};
  for (const auto& [name, value] : scalars) {
    archive.Add(name, base::Array::Of<double>({}, absl::MakeConstSpan(&value, 1)));
  }
  for (const auto& [name, array] : archive.entries()) {
    const int64_t at = base::FirstNonFinite(array);
    if (at >= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("array ", name, " is not finite at element ", at));
    }
  }
  if (!network.key.empty()) archive.Add("key", base::Array::Text(network.key));
  archive.Add("meta", base::Array::Text(Meta(network)));
  return archive.Encode();
}

absl::StatusOr<NetworkFile> DecodeNetwork(absl::string_view bytes, absl::string_view source) {
  auto archive = base::Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  NetworkFile network;
  auto spec = ReadSpec(*archive, source);
  if (!spec.ok()) return spec.status();
  network.spec = *spec;
  auto parameters = ReadParameters(*archive, *spec, source);
  if (!parameters.ok()) return parameters.status();
  network.parameters = *std::move(parameters);
  const absl::Status constant = CheckConstantBias(*archive, *spec, source);
  if (!constant.ok()) return constant;
  auto curve = ReadLossCurve(*archive, source);
  if (!curve.ok()) return curve.status();
  network.loss_curve = *std::move(curve);
  if (archive->Has("key")) {
    auto key = TextOf(*archive, "key", source);
    if (!key.ok()) return key.status();
    network.key = *std::move(key);
  }
  return network;
}

}  // namespace rnnfarm::rnn
