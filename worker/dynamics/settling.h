// Runs that settle: states advanced under constant input until they rest, and where they rest.
#ifndef RNNFARM_WORKER_DYNAMICS_SETTLING_H_
#define RNNFARM_WORKER_DYNAMICS_SETTLING_H_

#include <torch/torch.h>

#include <functional>
#include <vector>

#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// A run rests when no component changes by more in one step.
inline constexpr double kRest = 1e-6;
// A run that does not rest in so many steps is lost.
inline constexpr int kMostStepsToRest = 4000;

struct SettlingObserver {
  // States (runs that are still under way, S) after each step, `run` their rows at the beginning.
  std::function<void(const torch::Tensor& run, const torch::Tensor& states)> on_step;
  std::function<void(int64_t run, const torch::Tensor& state)> on_rest;
  std::function<void(int64_t run)> on_lost;  // never rests, or leaves the finite numbers
  // Share of the runs that have ended; false stops them all.
  std::function<bool(double)> go_on;
};

// states (runs, S), inputs (runs, M). Callbacks may be empty. False if it was stopped. On the
// network's device, unless each step is observed.
bool Settle(const TrainedNetwork& network, const torch::Tensor& states, const torch::Tensor& inputs,
            const SettlingObserver& observer);

// The index of the isolated point of the condition at which `state` (S) rests, with at most
// `most_unstable` unstable directions; -1: none is near enough. What was pushed at random rests at
// a stable point (0); what follows an unstable manifold may rest at another saddle.
int64_t PointAt(const std::vector<FixedPoint>& points, int condition, const torch::Tensor& state,
                int most_unstable = 0);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_SETTLING_H_
