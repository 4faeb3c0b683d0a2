#include "worker/dynamics/ways.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "worker/dynamics/limit_cycle.h"
#include "worker/dynamics/mode_response.h"
#include "worker/dynamics/ways_between.h"

namespace rnnfarm::dynamics {

namespace {

using base::Array;
using torch::Tensor;

template <typename T>
Array DenseArray(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  return Array::Of<T>(dense.sizes().vec(),
                      absl::MakeConstSpan(dense.data_ptr<T>(), static_cast<size_t>(dense.numel())));
}

template <typename T>
Array Vector(const std::vector<T>& values) {
  return Array::Of<T>({static_cast<int64_t>(values.size())}, values);
}

void AddPulses(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
               const GoOn& go_on, base::Archive& archive) {
  const PulseTransitions found = FollowPulses(network, points, go_on);
  archive.Add("pulse_inputs", DenseArray<double>(found.pulses));
  archive.Add("pulse_from", Vector(found.from));
  archive.Add("pulse_to",
              Array::Of<int64_t>({static_cast<int64_t>(found.from.size()), found.pulses.size(0)},
                                 found.to));
}

void AddOrbits(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
               const GoOn& go_on, base::Archive& archive) {
  std::vector<int64_t> from, to, mode, sign, first = {0};
  std::vector<Tensor> samples;
  for (const Orbit& orbit : HeteroclinicOrbits(network, points, go_on)) {
    from.push_back(orbit.from);
    to.push_back(orbit.to);
    mode.push_back(orbit.mode);
    sign.push_back(orbit.sign);
    samples.insert(samples.end(), orbit.samples.begin(), orbit.samples.end());
    first.push_back(static_cast<int64_t>(samples.size()));
  }
  const Tensor states = samples.empty()
                            ? torch::empty({0, network.spec.state_size()}, torch::kFloat32)
                            : torch::stack(samples).to(torch::kFloat32);
  archive.Add("orbit_from", Vector(from));
  archive.Add("orbit_to", Vector(to));
  archive.Add("orbit_mode", Vector(mode));
  archive.Add("orbit_sign", Vector(sign));
  archive.Add("orbit_first", Vector(first));
  archive.Add("orbit_states", DenseArray<float>(states));
}

double LinearFrequency(const FixedPoint& point) {
  for (const std::complex<double>& value : point.map.spectrum.values) {
    if (value.imag() != 0) return Frequency(value);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void AddFrequencies(const std::vector<FixedPoint>& points, const Graph& graph,
                    const std::vector<task::Condition>& conditions, base::Archive& archive) {
  std::vector<double> command, linear;
  for (const int64_t node : graph.nodes) {
    command.push_back(conditions[points[node].condition].label);
    linear.push_back(LinearFrequency(points[node]));
  }
  archive.Add("command_frequency", Vector(command));
  archive.Add("linear_frequency", Vector(linear));
}

// The trial of the probe whose input is nearest to each condition's.
std::vector<int64_t> TrialsOf(const std::vector<task::Condition>& conditions,
                              const Trajectories& trajectories) {
  std::vector<int64_t> trials;
  for (const task::Condition& condition : conditions) {
    const Tensor input = torch::tensor(condition.input, torch::kFloat64);
    trials.push_back((trajectories.inputs - input).square().sum({1, 2}).argmin().item<int64_t>());
  }
  return trials;
}

void AddCycles(const TrainedNetwork& network, const std::vector<task::Condition>& conditions,
               const Trajectories& trajectories, const GoOn& go_on, base::Archive& archive) {
  std::vector<Tensor> inputs;
  for (const task::Condition& condition : conditions) {
    inputs.push_back(torch::tensor(condition.input, torch::kFloat64));
  }
  const Tensor trials = torch::tensor(TrialsOf(conditions, trajectories), torch::kInt64);
  const std::vector<LimitCycle> cycles = FindLimitCycles(
      network, trajectories.states.index_select(0, trials), torch::stack(inputs), go_on);
  const auto add = [&](const char* name, double LimitCycle::*field) {
    std::vector<double> values;
    for (const LimitCycle& cycle : cycles) values.push_back(cycle.*field);
    archive.Add(name, Vector(values));
  };
  add("cycle_period", &LimitCycle::period);
  add("cycle_trained_period", &LimitCycle::trained_period);
  add("cycle_amplitude", &LimitCycle::amplitude);
  add("cycle_multiplier", &LimitCycle::multiplier);
}

// After one step, a sixth, half and all of a trial.
std::vector<int64_t> ResponseSteps(int64_t steps) {
  return {1, std::max<int64_t>(1, steps / 6), std::max<int64_t>(1, steps / 2), steps};
}

}  // namespace

void AddWays(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
             const Graph& graph, const task::Task& task, const Trajectories& trajectories,
             const GoOn& go_on, base::Archive& archive) {
  switch (task.graph()) {
    case task::GraphKind::kTransition:
      AddPulses(network, points, go_on, archive);
      AddOrbits(network, points, go_on, archive);
      return;
    case task::GraphKind::kNearestNeighbourOverConditions:
      AddFrequencies(points, graph, task.Conditions(), archive);
      AddCycles(network, task.Conditions(), trajectories, go_on, archive);
      return;
    case task::GraphKind::kNearestNeighbourWithinCondition: {
      const std::vector<int64_t> steps = ResponseSteps(task.steps());
      archive.Add("mode_response", DenseArray<double>(ModeResponse(network, points, steps)));
      archive.Add("response_steps", Vector(steps));
      return;
    }
  }
}

}  // namespace rnnfarm::dynamics
