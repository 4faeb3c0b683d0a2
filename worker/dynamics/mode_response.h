// What the first modes of the linear map around a point answer to an input (paper, Fig. 3f).
#ifndef RNNFARM_WORKER_DYNAMICS_MODE_RESPONSE_H_
#define RNNFARM_WORKER_DYNAMICS_MODE_RESPONSE_H_

#include <torch/torch.h>

#include <vector>

#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

inline constexpr int kMostModes = 64;

// y(k, n) = Re w_outᵀ Σ_{a<=k} r_a λ_aⁿ (ℓ_a b_m), b_m = ∂F/∂x_m: the first output n steps after a
// unit of input m, by the k leading modes, k = 1 … min(S, kMostModes). (points, M, modes, steps),
// float64. A perfect integrator of input m has 1 for every k and n.
torch::Tensor ModeResponse(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                           const std::vector<int64_t>& steps);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_MODE_RESPONSE_H_
