// Going down to slow points: where q is small but need not vanish.
#ifndef RNNFARM_WORKER_DYNAMICS_SLOW_DESCENT_H_
#define RNNFARM_WORKER_DYNAMICS_SLOW_DESCENT_H_

#include "worker/dynamics/newton.h"

namespace rnnfarm::dynamics {

// Levenberg-Marquardt that stops at the first state with q below the tolerance and whose damping
// never vanishes: it moves straight to a slow manifold and hardly along it.
Solved DescendToSlow(const TrainedNetwork& network, const torch::Tensor& input,
                     const torch::Tensor& starts, const Stopping& stopping);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_SLOW_DESCENT_H_
