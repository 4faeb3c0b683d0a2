// Where the search for fixed points begins.
#ifndef RNNFARM_WORKER_DYNAMICS_STARTS_H_
#define RNNFARM_WORKER_DYNAMICS_STARTS_H_

#include <torch/torch.h>

#include "base/random_stream.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// All states, (trials · steps, S), of the `trials` trajectories whose inputs are nearest to `input`
// (mean squared distance over time; the earlier trial where they tie).
torch::Tensor NearbyStates(const Trajectories& trajectories, const torch::Tensor& input,
                           int64_t trials);

// `count` random rows of `states` plus N(0, noise²) on every component: (count, S).
torch::Tensor NoisyStates(const torch::Tensor& states, int64_t count, double noise,
                          base::RandomStream& random);

// `count` random convex combinations of two or three of `points`, (points, S), which must be at
// least two; those that are midpoints of a pair come first, as many as fit in half of `count`.
torch::Tensor Combinations(const torch::Tensor& points, int64_t count, base::RandomStream& random);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_STARTS_H_
