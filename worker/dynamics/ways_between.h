// The ways between the fixed points of a network that remembers: where each input pulse leads, and
// the orbits that leave its saddles.
#ifndef RNNFARM_WORKER_DYNAMICS_WAYS_BETWEEN_H_
#define RNNFARM_WORKER_DYNAMICS_WAYS_BETWEEN_H_

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/go_on.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// Where one step of x* + pulse leads from each stable point, after which the input is x* again.
struct PulseTransitions {
  torch::Tensor pulses;       // (pulses, M): +1 and -1 on each input in turn
  std::vector<int64_t> from;  // indices of the stable points
  std::vector<int64_t> to;    // from x pulses: index of the stable point, -1: none was reached
};
PulseTransitions FollowPulses(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                              const GoOn& go_on = nullptr);

// How far from its saddle an orbit begins, and the distance between its samples.
inline constexpr double kOrbitBegin = 0.02;
inline constexpr double kOrbitSpacing = 0.1;
inline constexpr int kMostOrbitSamples = 200;

// From h* + ε r_a and h* - ε r_a of each unstable direction r_a of each isolated point (the real
// part of a complex one), with x = x*, until it rests: at a stable point, or at a saddle with fewer
// unstable directions.
struct Orbit {
  int64_t from = 0;  // index of the saddle
  int64_t mode = 0;  // a
  int sign = 1;
  int64_t to = -1;                     // index of the point where it ends, -1: of none
  std::vector<torch::Tensor> samples;  // (S) each, the beginning and the end included
};
std::vector<Orbit> HeteroclinicOrbits(const TrainedNetwork& network,
                                      const std::vector<FixedPoint>& points,
                                      const GoOn& go_on = nullptr);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_WAYS_BETWEEN_H_
