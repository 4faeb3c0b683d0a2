#include "worker/dynamics/limit_cycle.h"

#include <algorithm>
#include <cmath>

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Steps beyond the trials before anything is measured, and those measured.
constexpr int kSettlingSteps = 2000, kMeasuredSteps = 2000;
// Steps in which the tangent vectors turn into their directions before their growth counts.
constexpr int kAligningSteps = 400;
constexpr int kTangents = 2;  // along the cycle, and the slowest way back to it
// Of central differences along unit tangents, in float64: the error is of the order of its square.
constexpr double kDifference = 1e-6;
// What moves less is at rest, and what shrinks more from one half to the next dies away.
constexpr double kLeastAmplitude = 1e-3;
constexpr double kMostDecay = 0.01;

struct Wave {
  double period = 0, amplitude = 0;
};

double HalfSpan(const double* first, const double* last) {
  const auto [least, most] = std::minmax_element(first, last);
  return (*most - *least) / 2;
}

// By upward crossings, between samples linearly.
Wave Measure(const std::vector<double>& y) {
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  Wave wave;
  wave.amplitude = (*most - *least) / 2;
  if (!(wave.amplitude > kLeastAmplitude)) return wave;
  const double middle = (*most + *least) / 2;
  double first = 0, last = 0;
  int crossings = 0;
  for (size_t t = 1; t < y.size(); ++t) {
    if (!(y[t - 1] < middle && y[t] >= middle)) continue;
    last = static_cast<double>(t) - (y[t] - middle) / (y[t] - y[t - 1]);
    if (crossings++ == 0) first = last;
  }
  if (crossings >= 2) wave.period = (last - first) / (crossings - 1);
  return wave;
}

bool Persists(const std::vector<double>& y) {
  const double* middle = y.data() + y.size() / 2;
  const double before = HalfSpan(y.data(), middle), after = HalfSpan(middle, y.data() + y.size());
  return std::isfinite(before) && after > kLeastAmplitude && after > (1 - kMostDecay) * before;
}

// Rows of (conditions, steps) as vectors.
std::vector<double> Row(const Tensor& values, int64_t row) {
  const Tensor dense = values[row].contiguous();
  return {dense.data_ptr<double>(), dense.data_ptr<double>() + dense.numel()};
}

// All conditions side by side, each with kTangents unit vectors that the map carries along.
class Runs {
 public:
  Runs(const TrainedNetwork& network, const Tensor& inputs, Tensor states)
      : network_(network),
        projected_(torch::addmm(network.weights.bias, inputs, network.weights.weight_ih.t())),
        states_(std::move(states)) {}

  Tensor Step() {
    states_ = Map(states_);
    return FirstOutput(states_);
  }

  Tensor FirstOutput(const Tensor& states) const {
    return rnn::Readout(network_.spec, network_.weights, states).select(-1, 0);
  }

  // Lyapunov exponents a step, (conditions, kTangents), over `steps` steps; Benettin et al. 1980.
  Tensor Exponents(int steps, const GoOn& go_on) {
    const int64_t conditions = states_.size(0), size = states_.size(1);
    // The same for every network of a size, with a part in every direction.
    Tensor tangents = torch::linspace(1, 2, kTangents * size, torch::kFloat64);
    tangents = torch::cos(tangents.square() * static_cast<double>(size)).view({kTangents, size});
    tangents = tangents.unsqueeze(0).expand({conditions, kTangents, size}).contiguous();
    Orthonormalise(tangents);
    Tensor growth = torch::zeros({conditions, kTangents}, torch::kFloat64);
    for (int step = -kAligningSteps; step < steps && Asked(go_on); ++step) {
      for (int k = 0; k < kTangents; ++k) {
        const Tensor shift = kDifference * tangents.select(1, k);
        const Tensor moved = Map(states_ + shift) - Map(states_ - shift);
        tangents.select(1, k).copy_(moved / (2 * kDifference));
      }
      states_ = Map(states_);
      const Tensor stretch = Orthonormalise(tangents);
      if (step >= 0) growth += torch::log(stretch.clamp_min(1e-300));
    }
    return growth / steps;
  }

 private:
  Tensor Map(const Tensor& states) const {
    return rnn::StepProjected(network_.spec, network_.weights, states, projected_);
  }

  // Gram-Schmidt in place; the lengths before, (conditions, kTangents).
  static Tensor Orthonormalise(Tensor& tangents) {
    std::vector<Tensor> lengths;
    for (int k = 0; k < kTangents; ++k) {
      Tensor v = tangents.select(1, k).clone();
      for (int j = 0; j < k; ++j) {
        const Tensor u = tangents.select(1, j);
        v = v - (v * u).sum(1, true) * u;
      }
      const Tensor length = v.norm(2, {1}, true);
      tangents.select(1, k).copy_(v / length.clamp_min(1e-300));
      lengths.push_back(length.squeeze(1));
    }
    return torch::stack(lengths, 1);
  }

  const TrainedNetwork& network_;
  const Tensor projected_;
  Tensor states_;
};

}  // namespace

std::vector<LimitCycle> FindLimitCycles(const TrainedNetwork& network, const Tensor& trained,
                                        const Tensor& inputs, const GoOn& go_on) {
  const int64_t conditions = trained.size(0), steps = trained.size(1);
  Runs runs(network, inputs, trained.select(1, steps - 1).contiguous());
  const Tensor inside = runs.FirstOutput(trained.narrow(1, steps / 2, steps - steps / 2));
  for (int t = 0; t < kSettlingSteps && Asked(go_on); ++t) runs.Step();
  std::vector<Tensor> outputs;
  for (int t = 0; t < kMeasuredSteps; ++t) {
    if (!Asked(go_on)) return {};
    outputs.push_back(runs.Step());
  }
  const Tensor beyond = torch::stack(outputs, 1);
  const Tensor exponents = runs.Exponents(kMeasuredSteps, go_on);
  std::vector<LimitCycle> cycles(conditions);
  for (int64_t i = 0; i < conditions; ++i) {
    cycles[i].trained_period = Measure(Row(inside, i)).period;
    const std::vector<double> y = Row(beyond, i);
    if (!Persists(y)) continue;
    const Wave wave = Measure(y);
    cycles[i].period = wave.period;
    cycles[i].amplitude = wave.amplitude;
    // Gram-Schmidt orders them: the first is the larger one, along the cycle of an attracting one.
    const double away = exponents[i][1].item<double>();
    cycles[i].multiplier = std::exp(away * wave.period);
  }
  return cycles;
}

}  // namespace rnnfarm::dynamics
