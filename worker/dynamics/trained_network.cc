#include "worker/dynamics/trained_network.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// How far beyond the largest observed value a fixed point may lie where no bound is known.
constexpr double kRangeMultiple = 3;
// Room for rounding at the bound of tanh.
constexpr double kTanhBound = 1 + 1e-9;
// A network that stays at rest on the probe still gets this much room.
constexpr double kSmallestObserved = 1;

absl::Status CheckFinite(const rnn::NetworkFile& network) {
  for (const rnn::ParameterSlice& slice : rnn::ParameterLayout(network.spec)) {
    for (int64_t i = 0; i < slice.size; ++i) {
      if (std::isfinite(network.parameters[slice.offset + i])) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("parameter ", slice.name, " element ", i,
                       " is not finite, so the network has no dynamics to analyse"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TrainedNetwork> Load(const rnn::NetworkFile& network, const torch::Device& device) {
  const int64_t count = rnn::ParameterCount(network.spec);
  if (static_cast<int64_t>(network.parameters.size()) != count) {
    return absl::InvalidArgumentError(absl::StrCat("the network has ", network.parameters.size(),
                                                   " parameters, its cell needs ", count));
  }
  if (absl::Status status = CheckFinite(network); !status.ok()) return status;
  const Tensor flat = torch::tensor(network.parameters, torch::kFloat32).to(torch::kFloat64);
  TrainedNetwork out{network.spec, rnn::Unpack(network.spec, flat), device, {}};
  if (!device.is_cpu()) out.device_weights = rnn::Unpack(network.spec, flat.to(device));
  return out;
}

Trajectories RunProbe(const TrainedNetwork& network, const task::Trials& probe, const GoOn& go_on) {
  Trajectories out;
  out.inputs = torch::tensor(probe.x, torch::kFloat32)
                   .view({probe.count, probe.steps, probe.inputs})
                   .to(torch::kFloat64);
  const rnn::Weights& weights = network.WeightsOn(network.device);
  const Tensor inputs = out.inputs.to(network.device);
  const Tensor states =
      torch::empty({probe.count, probe.steps, network.spec.state_size()}, inputs.options());
  Tensor state = rnn::InitialState(network.spec, weights, probe.count);
  for (int t = 0; t < probe.steps && Asked(go_on); ++t) {
    state = rnn::Step(network.spec, weights, state, inputs.select(1, t));
    states.select(1, t).copy_(state);
  }
  out.states = states.cpu();
  return out;
}

std::string EncodeHiddenStates(const TrainedNetwork& network, const Trajectories& trajectories) {
  const Tensor hidden =
      rnn::Hidden(network.spec, trajectories.states).to(torch::kFloat32).contiguous();
  return base::EncodeNpy(base::Array::Of<float>(
      hidden.sizes().vec(),
      absl::MakeConstSpan(hidden.data_ptr<float>(), static_cast<size_t>(hidden.numel()))));
}

Tensor RepeatInput(const Tensor& input, int64_t batch) {
  return input.unsqueeze(0).expand({batch, input.size(0)});
}

Tensor Advance(const TrainedNetwork& network, const Tensor& input, const Tensor& states) {
  return rnn::Step(network.spec, network.WeightsOn(states.device()), states,
                   RepeatInput(input, states.size(0)));
}

bool StaysInBall(const rnn::CellSpec& spec) { return spec.activation == rnn::Activation::kTanh; }

Tensor ReachableRange(const rnn::CellSpec& spec, const Trajectories& trajectories) {
  const Tensor observed = trajectories.states.abs();
  const auto largest = [&](int64_t from, int64_t size) {
    return kRangeMultiple *
           std::max(observed.narrow(2, from, size).max().item<double>(), kSmallestObserved);
  };
  Tensor range = torch::empty({spec.state_size()}, torch::kFloat64);
  range.narrow(0, 0, spec.units)
      .fill_(spec.activation == rnn::Activation::kTanh ? kTanhBound : largest(0, spec.units));
  if (spec.state_size() > spec.units) {
    range.narrow(0, spec.units, spec.units).fill_(largest(spec.units, spec.units));
  }
  return range;
}

}  // namespace rnnfarm::dynamics
