#include "worker/dynamics/settling.h"

#include <tuple>

#include "worker/dynamics/batch.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Resting is looked for this often.
constexpr int kStepsBetweenChecks = 8;
// How far from a point a run may rest: slow last approaches leave it short of the point.
constexpr double kMatchDistance = 0.05;

// Runs under way; `projected` is what their input adds to the pre-activations.
struct Runs {
  Tensor run, state, projected;

  int64_t size() const { return run.size(0); }
  void Keep(const Tensor& mask) { KeepRows(mask, {&run, &state, &projected}); }
};

void TellRested(const Runs& runs, const Tensor& mask, const SettlingObserver& observer) {
  if (!observer.on_rest) return;
  const Tensor run = runs.run.index({mask}).cpu().contiguous();
  const Tensor state = runs.state.index({mask}).cpu().contiguous();
  for (int64_t row = 0; row < run.size(0); ++row) {
    observer.on_rest(run.data_ptr<int64_t>()[row], state[row]);
  }
}

void TellLost(const Tensor& lost, const SettlingObserver& observer) {
  if (!observer.on_lost) return;
  const Tensor run = lost.cpu().contiguous();
  for (int64_t row = 0; row < run.size(0); ++row) observer.on_lost(run.data_ptr<int64_t>()[row]);
}

}  // namespace

bool Settle(const TrainedNetwork& network, const Tensor& states, const Tensor& inputs,
            const SettlingObserver& observer) {
  const int64_t all = states.size(0);
  // Steps that are observed would come back one by one.
  const torch::Device device = observer.on_step ? torch::kCPU : network.device;
  const rnn::Weights& weights = network.WeightsOn(device);
  Runs runs{torch::arange(all, device), states.to(device),
            torch::addmm(weights.bias, inputs.to(device), weights.weight_ih.t())};
  for (int step = 1; step <= kMostStepsToRest && runs.size() > 0; ++step) {
    const Tensor next = rnn::StepProjected(network.spec, weights, runs.state, runs.projected);
    const Tensor change = next - runs.state;
    runs.state = next;
    if (observer.on_step) observer.on_step(runs.run, runs.state);
    if (step % kStepsBetweenChecks != 0) continue;
    const Tensor largest = std::get<0>(change.abs().max(1));
    const Tensor over = torch::isfinite(largest).logical_not();
    const Tensor rested = largest < kRest;
    TellRested(runs, rested, observer);
    TellLost(runs.run.index({over}), observer);
    runs.Keep(rested.logical_or(over).logical_not());
    const double ended = 1 - static_cast<double>(runs.size()) / static_cast<double>(all);
    if (observer.go_on && !observer.go_on(ended)) return false;
  }
  TellLost(runs.run, observer);
  return true;
}

int64_t PointAt(const std::vector<FixedPoint>& points, int condition, const Tensor& state,
                int most_unstable) {
  double least = kMatchDistance * kMatchDistance;
  int64_t nearest = -1;
  for (size_t index = 0; index < points.size(); ++index) {
    const FixedPoint& point = points[index];
    if (point.slow || point.condition != condition || point.map.unstable > most_unstable) continue;
    const double* a = point.state.data_ptr<double>();
    const double* b = state.data_ptr<double>();
    double distance = 0;
    for (int64_t i = 0; i < state.size(0) && distance < least; ++i) {
      distance += (a[i] - b[i]) * (a[i] - b[i]);
    }
    if (distance >= least) continue;
    least = distance;
    nearest = static_cast<int64_t>(index);
  }
  return nearest;
}

}  // namespace rnnfarm::dynamics
