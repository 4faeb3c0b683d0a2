// Solving F(s, x) = s from many starts at once, in float64. q(s) = |s - F(s, x)|² / 2.
#ifndef RNNFARM_WORKER_DYNAMICS_NEWTON_H_
#define RNNFARM_WORKER_DYNAMICS_NEWTON_H_

#include <torch/torch.h>

#include "worker/dynamics/go_on.h"
#include "worker/dynamics/trained_network.h"

namespace rnnfarm::dynamics {

// Where each start ended: states (starts, S) and q (starts), which may be large or not finite.
struct Solved {
  torch::Tensor states;
  torch::Tensor q;
};

struct Stopping {
  double tolerance = 1e-20;  // of q
  int max_iterations = 100;  // matrices factored for a start
  double largest_step = 1;   // of any component, an iteration
  GoOn go_on = nullptr;
};

// Newton goes on below the tolerance while it still gains: points are then exact to rounding.
inline constexpr double kPolish = 1e-6;
// A step halved this often without lowering q is at a local minimum of q.
inline constexpr int kMaxHalvings = 8;
// Share of the predicted decrease that a step must reach (Armijo).
inline constexpr double kSufficientDecrease = 1e-4;

// Newton's method with halving of steps that do not lower q; it ends on isolated fixed points of
// any stability. Each start goes its own way, whatever the others are. For the LSTM, c is
// eliminated from every step by its diagonal blocks, which gives the step of the full 2N map for
// the price of an N x N system. On the processor a matrix that was factored serves for further
// steps while q falls fast; on a device SolveTogether does the work.
Solved SolveNewton(const TrainedNetwork& network, const torch::Tensor& input,
                   const torch::Tensor& starts, const Stopping& stopping);

// The same on batches, where the network's device is. How a start rounds depends on how many others
// are under way: the same starts give the same bits again, a part of them nearly the same.
Solved SolveTogether(const TrainedNetwork& network, const torch::Tensor& input,
                     const torch::Tensor& starts, const Stopping& stopping);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_NEWTON_H_
