// The oscillations that a network settles on under constant input.
#ifndef RNNFARM_WORKER_DYNAMICS_LIMIT_CYCLE_H_
#define RNNFARM_WORKER_DYNAMICS_LIMIT_CYCLE_H_

#include <torch/torch.h>

#include <vector>

#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

struct LimitCycle {
  // Of the first output, by its upward crossings of the middle between its extremes. 0: it does not
  // oscillate for long.
  double period = 0;     // steps, beyond the trained length
  double amplitude = 0;  // half of what lies between the extremes
  // Period within the second half of the trained length; 0: it crosses less than twice there.
  double trained_period = 0;
  // Of the return map: by how much a distance from the cycle shrinks in one turn, exp of the
  // largest Lyapunov exponent but the one along the cycle, times the period. Below 1: it attracts.
  double multiplier = 0;
};

// `trained` (conditions, steps, S): states on trials with a constant input each, inputs
// (conditions, M). Each goes on from its last state.
std::vector<LimitCycle> FindLimitCycles(const TrainedNetwork& network, const torch::Tensor& trained,
                                        const torch::Tensor& inputs, const GoOn& go_on = nullptr);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_LIMIT_CYCLE_H_
