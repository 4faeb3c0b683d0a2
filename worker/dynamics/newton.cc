#include "worker/dynamics/newton.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <tuple>

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// The Jacobians of one chunk of starts; bounds memory and keeps the work in cache.
constexpr int64_t kChunkBytes = 4 << 20;
// Newton goes on below the tolerance while it still gains: points are then exact to rounding.
constexpr double kPolish = 1e-6;
// A step halved this often without lowering q is at a local minimum of q.
constexpr int kMaxHalvings = 8;
// Share of the predicted decrease that a step must reach (Armijo).
constexpr double kSufficientDecrease = 1e-4;
// Damping of Levenberg-Marquardt: its start, its floor, where it gives up, and its factors.
constexpr double kFirstDamping = 1e-2, kLeastDamping = 1e-4, kMostDamping = 1e4;
constexpr double kDampingDown = 0.2, kDampingUp = 5;

Tensor HalfSquaredNorm(const Tensor& residual) { return 0.5 * residual.square().sum(1); }

// (I - A)⁻¹ r for each matrix of the batch; not finite where I - A is singular.
Tensor SolveShifted(const Tensor& a, const Tensor& r) {
  const Tensor shifted = torch::eye(a.size(1), a.options()) - a;
  return std::get<0>(torch::linalg_solve_ex(shifted, r.unsqueeze(2))).squeeze(2);
}

// The Newton step δ of (I - J) δ = r.
Tensor NewtonStep(const rnn::CellSpec& spec, const Tensor& jacobian, const Tensor& r) {
  if (spec.architecture != rnn::Architecture::kLstm) return SolveShifted(jacobian, r);
  const int64_t n = spec.units;
  const Tensor hidden = jacobian.narrow(1, 0, n), cell = jacobian.narrow(1, n, n);
  const Tensor h_by_c = hidden.narrow(2, n, n).diagonal(0, 1, 2);
  const Tensor pull = 1 - cell.narrow(2, n, n).diagonal(0, 1, 2);
  const Tensor c_by_h = cell.narrow(2, 0, n);
  const Tensor r_h = r.narrow(1, 0, n), r_c = r.narrow(1, n, n);
  const Tensor gain = h_by_c / pull;
  const Tensor step_h =
      SolveShifted(hidden.narrow(2, 0, n) + gain.unsqueeze(2) * c_by_h, r_h + gain * r_c);
  const Tensor step_c = (r_c + torch::matmul(c_by_h, step_h.unsqueeze(2)).squeeze(2)) / pull;
  return torch::cat({step_h, step_c}, 1);
}

// Shortens rows whose largest component exceeds `largest`.
Tensor Capped(const Tensor& step, double largest) {
  const Tensor size = std::get<0>(step.abs().max(1, true));
  return step * (largest / size).clamp_max(1);
}

Tensor Residual(const TrainedNetwork& network, const Tensor& input, const Tensor& states) {
  return Advance(network, input, states) - states;
}

// Those starts of a chunk that are still on their way; `row` is their place in the results.
struct Active {
  Tensor row, state, q, damping;

  int64_t size() const { return row.size(0); }
  void Keep(const Tensor& mask) {
    row = row.index({mask});
    state = state.index({mask});
    q = q.index({mask});
    if (damping.defined()) damping = damping.index({mask});
  }
};

void Store(const Active& active, Solved& out) {
  out.states.index_put_({active.row}, active.state);
  out.q.index_put_({active.row}, active.q);
}

// Halves each row's step until q falls enough. Rows that never do keep their state; returns the
// mask of those that moved.
Tensor SearchAlong(const TrainedNetwork& network, const Tensor& input, const Tensor& step,
                   Active& active) {
  Tensor moved = torch::zeros({active.size()}, torch::kBool);
  Tensor open = torch::isfinite(step).all(1).nonzero().squeeze(1);
  Tensor state = active.state.clone(), q = active.q.clone();
  double length = 1;
  for (int halving = 0; halving <= kMaxHalvings && open.size(0) > 0; ++halving, length /= 2) {
    const Tensor trial = active.state.index({open}) + length * step.index({open});
    const Tensor trial_q = HalfSquaredNorm(Residual(network, input, trial));
    const Tensor good = trial_q < (1 - 2 * kSufficientDecrease * length) * active.q.index({open});
    const Tensor rows = open.index({good});
    state.index_put_({rows}, trial.index({good}));
    q.index_put_({rows}, trial_q.index({good}));
    moved.index_fill_(0, rows, true);
    open = open.index({good.logical_not()});
  }
  active.state = state;
  active.q = q;
  return moved;
}

using Iterate = std::function<Tensor(Active&)>;  // moves; the mask of rows that go on

void RunChunk(const TrainedNetwork& network, const Tensor& input, const Stopping& stopping,
              double goal, const Iterate& iterate, Active active, Solved& out) {
  active.q = HalfSquaredNorm(Residual(network, input, active.state));
  for (int i = 0; i < stopping.max_iterations; ++i) {
    Store(active, out);
    active.Keep(torch::isfinite(active.q).logical_and(active.q >= goal));
    if (active.size() == 0) return;
    const Tensor going = iterate(active);
    Store(active, out);
    active.Keep(going);
  }
}

Solved RunInChunks(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                   const Stopping& stopping, double goal, bool damped, const Iterate& iterate) {
  const int64_t n = starts.size(0), s = starts.size(1);
  const int64_t chunk = std::max<int64_t>(1, kChunkBytes / (s * s * int64_t{sizeof(double)}));
  Solved out{starts.clone(),
             torch::full({n}, std::numeric_limits<double>::infinity(), torch::kFloat64)};
  for (int64_t first = 0; first < n; first += chunk) {
    const int64_t size = std::min(chunk, n - first);
    Active active;
    active.row = torch::arange(first, first + size);
    active.state = starts.narrow(0, first, size).clone();
    if (damped) active.damping = torch::full({size}, kFirstDamping, torch::kFloat64);
    RunChunk(network, input, stopping, goal, iterate, std::move(active), out);
  }
  return out;
}

// One Levenberg-Marquardt step for each row, taken where it lowers q.
Tensor DampedStep(const TrainedNetwork& network, const Tensor& input, double largest_step,
                  Active& active) {
  const rnn::Linearization line = rnn::Linearize(network.spec, network.weights, active.state,
                                                 RepeatInput(input, active.size()));
  const Tensor a = line.jacobian - torch::eye(active.state.size(1), torch::kFloat64);
  Tensor normal = torch::matmul(a.transpose(1, 2), a);
  normal.diagonal(0, 1, 2).add_(active.damping.unsqueeze(1));
  const Tensor slope =
      torch::matmul(a.transpose(1, 2), (line.next - active.state).unsqueeze(2)).neg();
  const Tensor factor = std::get<0>(torch::linalg_cholesky_ex(normal));
  const Tensor step = torch::cholesky_solve(slope, factor).squeeze(2);
  const Tensor trial = active.state + Capped(step, largest_step);
  const Tensor trial_q = HalfSquaredNorm(Residual(network, input, trial));
  const Tensor good = trial_q < active.q;
  active.state = torch::where(good.unsqueeze(1), trial, active.state);
  active.q = torch::where(good, trial_q, active.q);
  active.damping = torch::where(good, (active.damping * kDampingDown).clamp_min(kLeastDamping),
                                active.damping * kDampingUp);
  return active.damping < kMostDamping;
}

}  // namespace

Solved SolveNewton(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                   const Stopping& stopping) {
  const Iterate iterate = [&](Active& active) {
    const rnn::Linearization line = rnn::Linearize(network.spec, network.weights, active.state,
                                                   RepeatInput(input, active.size()));
    const Tensor step = NewtonStep(network.spec, line.jacobian, line.next - active.state);
    return SearchAlong(network, input, Capped(step, stopping.largest_step), active);
  };
  return RunInChunks(network, input, starts, stopping, stopping.tolerance * kPolish,
                     /*damped=*/false, iterate);
}

Solved DescendToSlow(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                     const Stopping& stopping) {
  const Iterate iterate = [&](Active& active) {
    return DampedStep(network, input, stopping.largest_step, active);
  };
  return RunInChunks(network, input, starts, stopping, stopping.tolerance, /*damped=*/true,
                     iterate);
}

}  // namespace rnnfarm::dynamics
