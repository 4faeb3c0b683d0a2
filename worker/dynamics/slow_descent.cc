#include "worker/dynamics/slow_descent.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "worker/dynamics/batch.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// The Jacobians of one chunk of starts; keeps the work in cache.
constexpr int64_t kCachedBytes = 4 << 20;
// Damping of Levenberg-Marquardt: its start, its floor, where it gives up, and its factors.
constexpr double kFirstDamping = 1e-2, kLeastDamping = 1e-4, kMostDamping = 1e4;
constexpr double kDampingDown = 0.2, kDampingUp = 5;

// Those starts of a chunk that are still on their way; `row` is their place in the results.
struct Active {
  Tensor row, state, q, damping;

  int64_t size() const { return row.size(0); }
  void Keep(const Tensor& mask) { KeepRows(mask, {&row, &state, &q, &damping}); }
};

void Store(const Active& active, Solved& out) {
  out.states.index_put_({active.row}, active.state);
  out.q.index_put_({active.row}, active.q);
}

// One Levenberg-Marquardt step for each row, taken where it lowers q.
Tensor DampedStep(const TrainedNetwork& network, const Tensor& input, double largest_step,
                  Active& active) {
  const rnn::Linearization line = rnn::Linearize(network.spec, network.WeightsOn(network.device),
                                                 active.state, RepeatInput(input, active.size()));
  const Tensor a = line.jacobian - torch::eye(active.state.size(1), active.state.options());
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

void DescendChunk(const TrainedNetwork& network, const Tensor& input, const Stopping& stopping,
                  Active active, Solved& out) {
  active.q = HalfSquaredNorm(Residual(network, input, active.state));
  for (int i = 0; i < stopping.max_iterations && Asked(stopping.go_on); ++i) {
    Store(active, out);
    active.Keep(torch::isfinite(active.q).logical_and(active.q >= stopping.tolerance));
    if (active.size() == 0) return;
    const Tensor going = DampedStep(network, input, stopping.largest_step, active);
    Store(active, out);
    active.Keep(going);
  }
}

}  // namespace

Solved DescendToSlow(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                     const Stopping& stopping) {
  const torch::Device& device = network.device;
  const int64_t n = starts.size(0);
  const int64_t chunk =
      RowsOfMatrices(device.is_cpu() ? kCachedBytes : kDeviceBytes, starts.size(1));
  Solved out = AtTheirStarts(starts, device);
  const Tensor input_there = input.to(device);
  for (int64_t first = 0; first < n && Asked(stopping.go_on); first += chunk) {
    const int64_t size = std::min(chunk, n - first);
    DescendChunk(network, input_there, stopping,
                 {torch::arange(first, first + size, device),
                  out.states.narrow(0, first, size).clone(),
                  {},
                  torch::full({size}, kFirstDamping, out.q.options())},
                 out);
  }
  return {out.states.cpu(), out.q.cpu()};
}

}  // namespace rnnfarm::dynamics
