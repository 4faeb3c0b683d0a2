#include "worker/dynamics/ways_between.h"

#include <cmath>

#include "worker/dynamics/settling.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// The real part of a right eigenvector, of unit norm: (S).
Tensor Direction(const FixedPoint& point, int64_t mode) {
  const Tensor real = torch::real(point.map.spectrum.vectors.select(1, mode)).contiguous();
  return real / real.norm();
}

// Members of a conjugate pair span one plane; the second adds nothing to the first.
bool RepeatsPair(const FixedPoint& point, int64_t mode) {
  return point.map.spectrum.values[mode].imag() < 0;
}

std::vector<Orbit> Beginnings(const std::vector<FixedPoint>& points) {
  std::vector<Orbit> orbits;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].slow) continue;
    for (int64_t mode = 0; mode < points[i].map.unstable; ++mode) {
      if (RepeatsPair(points[i], mode)) continue;
      for (const int sign : {1, -1}) {
        const Tensor begin = points[i].state + sign * kOrbitBegin * Direction(points[i], mode);
        orbits.push_back({static_cast<int64_t>(i), mode, sign, -1, {begin}});
      }
    }
  }
  return orbits;
}

// Keeps a state once the orbit has moved on far enough.
void Sample(const Tensor& run, const Tensor& states, std::vector<Orbit>& orbits) {
  const Tensor row = run.contiguous();
  for (int64_t i = 0; i < row.size(0); ++i) {
    Orbit& orbit = orbits[row.data_ptr<int64_t>()[i]];
    if (static_cast<int>(orbit.samples.size()) + 1 >= kMostOrbitSamples) continue;
    const Tensor state = states[i];
    const double moved = (state - orbit.samples.back()).norm().item<double>();
    if (moved >= kOrbitSpacing) orbit.samples.push_back(state.clone());
  }
}

}  // namespace

PulseTransitions FollowPulses(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                              const GoOn& go_on) {
  const int64_t inputs = network.spec.inputs, count = 2 * inputs;
  PulseTransitions out;
  const Tensor unit = torch::eye(inputs, torch::kFloat64);
  out.pulses = torch::stack({unit, -unit}, 1).view({count, inputs});
  std::vector<Tensor> states, rest, pulsed;
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i].slow || points[i].map.unstable > 0) continue;
    out.from.push_back(static_cast<int64_t>(i));
    states.push_back(points[i].state.unsqueeze(0).expand({count, -1}));
    rest.push_back(points[i].input.unsqueeze(0).expand({count, -1}));
    pulsed.push_back(points[i].input + out.pulses);
  }
  out.to.assign(out.from.size() * count, -1);
  if (out.from.empty()) return out;
  const Tensor begin =
      rnn::Step(network.spec, network.weights, torch::cat(states), torch::cat(pulsed));
  SettlingObserver observer;
  observer.on_rest = [&](int64_t run, const Tensor& state) {
    const int condition = points[out.from[run / count]].condition;
    out.to[run] = PointAt(points, condition, state);
  };
  observer.go_on = [&](double) { return Asked(go_on); };
  Settle(network, begin, torch::cat(rest), observer);
  return out;
}

std::vector<Orbit> HeteroclinicOrbits(const TrainedNetwork& network,
                                      const std::vector<FixedPoint>& points, const GoOn& go_on) {
  std::vector<Orbit> orbits = Beginnings(points);
  if (orbits.empty()) return orbits;
  std::vector<Tensor> states, inputs;
  for (const Orbit& orbit : orbits) {
    states.push_back(orbit.samples.front());
    inputs.push_back(points[orbit.from].input);
  }
  SettlingObserver observer;
  observer.on_step = [&](const Tensor& run, const Tensor& now) { Sample(run, now, orbits); };
  observer.on_rest = [&](int64_t run, const Tensor& state) {
    Orbit& orbit = orbits[run];
    orbit.samples.push_back(state.clone());
    const FixedPoint& from = points[orbit.from];
    orbit.to = PointAt(points, from.condition, state, from.map.unstable - 1);
  };
  observer.go_on = [&](double) { return Asked(go_on); };
  Settle(network, torch::stack(states), torch::stack(inputs), observer);
  return orbits;
}

}  // namespace rnnfarm::dynamics
