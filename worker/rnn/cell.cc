#include "worker/rnn/cell.h"

#include <cmath>

#include "base/random_stream.h"
#include "worker/rnn/activation.h"

namespace rnnfarm::rnn {

namespace {

using torch::Tensor;

Tensor VanillaStep(const CellSpec& spec, const Weights& w, const Tensor& h, const Tensor& p) {
  return Activate(spec.activation, torch::addmm(p, h, w.weight_hh.t()));
}

Tensor LeakyStep(const CellSpec& spec, const Weights& w, const Tensor& h, const Tensor& p,
                 const Tensor& noise) {
  Tensor z = torch::addmm(p, h, w.weight_hh.t());
  if (noise.defined()) z = z + noise;
  return (1 - spec.alpha) * h + spec.alpha * Activate(spec.activation, z);
}

Tensor UgrnnStep(const CellSpec& spec, const Weights& w, const Tensor& h, const Tensor& p) {
  const Tensor z = torch::addmm(p, h, w.weight_hh.t());
  const Tensor g = torch::sigmoid(GateColumns(spec, z, 0) + spec.gate_bias);
  const Tensor c = Activate(spec.activation, GateColumns(spec, z, 1));
  return g * h + (1 - g) * c;
}

Tensor GruStep(const CellSpec& spec, const Weights& w, const Tensor& h, const Tensor& p) {
  const int64_t n = spec.units;
  const Tensor z = torch::addmm(p.narrow(1, 0, 2 * n), h, w.weight_hh.narrow(0, 0, 2 * n).t());
  const Tensor u = torch::sigmoid(GateColumns(spec, z, 0) + spec.gate_bias);
  const Tensor r = torch::sigmoid(GateColumns(spec, z, 1));
  const Tensor c = Activate(spec.activation, torch::addmm(GateColumns(spec, p, 2), r * h,
                                                          GateRows(spec, w.weight_hh, 2).t()));
  return u * h + (1 - u) * c;
}

Tensor LstmStep(const CellSpec& spec, const Weights& w, const Tensor& state, const Tensor& p) {
  const Tensor h = state.narrow(1, 0, spec.units);
  const Tensor c = state.narrow(1, spec.units, spec.units);
  const Tensor z = torch::addmm(p, h, w.weight_hh.t());
  const Tensor i = torch::sigmoid(GateColumns(spec, z, 0));
  const Tensor f = torch::sigmoid(GateColumns(spec, z, 1) + spec.gate_bias);
  const Tensor g = Activate(spec.activation, GateColumns(spec, z, 2));
  const Tensor o = torch::sigmoid(GateColumns(spec, z, 3));
  const Tensor next_c = f * c + i * g;
  return torch::cat({o * Activate(spec.activation, next_c), next_c}, 1);
}

}  // namespace

Weights Unpack(const CellSpec& spec, const torch::Tensor& flat) {
  const std::vector<ParameterSlice> layout = ParameterLayout(spec);
  TORCH_CHECK(flat.dim() == 1 && flat.size(0) == layout.back().offset + layout.back().size,
              "a flat parameter tensor of this cell has ",
              layout.back().offset + layout.back().size, " elements, got shape ", flat.sizes());
  const auto view = [&](int i) {
    return flat.narrow(0, layout[i].offset, layout[i].size).view(layout[i].shape);
  };
  return {view(0), view(1), view(2), view(3), view(4), view(5)};
}

torch::Tensor InitialState(const CellSpec& spec, const Weights& w, int64_t batch) {
  return w.initial_state.unsqueeze(0).expand({batch, spec.state_size()});
}

torch::Tensor Step(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                   const torch::Tensor& x, const torch::Tensor& noise) {
  return StepProjected(spec, w, state, torch::addmm(w.bias, x, w.weight_ih.t()), noise);
}

torch::Tensor StepProjected(const CellSpec& spec, const Weights& w, const torch::Tensor& state,
                            const torch::Tensor& projected, const torch::Tensor& noise) {
  switch (spec.architecture) {
    case Architecture::kVanilla:
      return VanillaStep(spec, w, state, projected);
    case Architecture::kUgrnn:
      return UgrnnStep(spec, w, state, projected);
    case Architecture::kGru:
      return GruStep(spec, w, state, projected);
    case Architecture::kLstm:
      return LstmStep(spec, w, state, projected);
    case Architecture::kLeaky:
      return LeakyStep(spec, w, state, projected, noise);
  }
  TORCH_CHECK(false, "unknown architecture");
}

torch::Tensor Hidden(const CellSpec& spec, const torch::Tensor& state) {
  return spec.state_size() == spec.units ? state : state.narrow(-1, 0, spec.units);
}

torch::Tensor Readout(const CellSpec& spec, const Weights& w, const torch::Tensor& state) {
  return torch::matmul(Hidden(spec, state), w.readout_weight.t()) + w.readout_bias;
}

torch::Tensor Initialise(const CellSpec& spec, uint64_t base_seed, absl::string_view stream_key) {
  const base::StreamKey key = base::DeriveStream(base_seed, stream_key, "initialisation");
  const std::vector<ParameterSlice> layout = ParameterLayout(spec);
  Tensor flat = torch::zeros({ParameterCount(spec)}, torch::kFloat32);
  float* values = flat.data_ptr<float>();
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i].shape.size() != 2) continue;  // biases and the initial state start at 0
    base::RandomStream stream(key, i);
    const double deviation = 1 / std::sqrt(static_cast<double>(layout[i].shape[1]));
    for (int64_t j = 0; j < layout[i].size; ++j) {
      values[layout[i].offset + j] = static_cast<float>(deviation * stream.Normal());
    }
  }
  return flat;
}

}  // namespace rnnfarm::rnn
