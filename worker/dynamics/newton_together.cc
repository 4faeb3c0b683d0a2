// Newton's method on batches: every evaluation, Jacobian and factorisation is one operation on all
// walks that are under way, which is what keeps a device busy.
#include <algorithm>
#include <tuple>

#include "worker/dynamics/batch.h"
#include "worker/dynamics/newton.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Starts on their way; `row` is their place in the results.
struct Walks {
  Tensor row, state, residual, q, step, length, halvings, factors;
  Tensor moved;  // those that need a step of their own

  int64_t size() const { return row.size(0); }
  void Keep(const Tensor& mask) {
    KeepRows(mask, {&row, &state, &residual, &q, &step, &length, &halvings, &factors, &moved});
  }
};

// a⁻¹ b, (batch, N, N) and (batch, N); not finite where a is singular.
Tensor SolveEach(const Tensor& a, const Tensor& b) {
  return std::get<0>(torch::linalg_solve_ex(a, b.unsqueeze(2), /*left=*/true,
                                            /*check_errors=*/false))
      .squeeze(2);
}

// (I - J)⁻¹ residual. LSTM: J = [H, diag(a); C, diag(f)], so that
// (I - H - diag(a / (1 - f)) C) δh = r_h + a / (1 - f) r_c and (1 - f) δc = r_c + C δh.
Tensor NewtonStep(const rnn::CellSpec& spec, const Tensor& jacobian, const Tensor& residual) {
  const int64_t n = spec.units;
  const Tensor one = torch::eye(n, residual.options());
  if (spec.state_size() == n) return SolveEach(one - jacobian, residual);
  const auto block = [&](int row, int column) {
    return jacobian.narrow(1, row * n, n).narrow(2, column * n, n);
  };
  const Tensor by_h = block(1, 0);
  const Tensor pull = 1 - block(1, 1).diagonal(0, 1, 2);
  const Tensor gain = block(0, 1).diagonal(0, 1, 2) / pull;
  const Tensor residual_h = residual.narrow(1, 0, n), residual_c = residual.narrow(1, n, n);
  const Tensor h =
      SolveEach(one - block(0, 0) - gain.unsqueeze(2) * by_h, residual_h + gain * residual_c);
  const Tensor c = (residual_c + torch::matmul(by_h, h.unsqueeze(2)).squeeze(2)) / pull;
  return torch::cat({h, c}, 1);
}

class BatchSearch {
 public:
  BatchSearch(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
              const Stopping& stopping)
      : network_(network),
        input_(input.to(network.device)),
        stopping_(stopping),
        goal_(stopping.tolerance * kPolish),
        out_(AtTheirStarts(starts, network.device)) {}

  Solved Run() {
    const int64_t count = out_.q.size(0);
    const int64_t chunk = RowsOfMatrices(kDeviceBytes, network_.spec.state_size());
    for (int64_t first = 0; first < count; first += chunk) {
      Walks walks = Begin(first, std::min(chunk, count - first));
      while (walks.size() > 0 && Asked(stopping_.go_on)) {
        Aim(walks);
        if (walks.size() > 0) Try(walks);
      }
    }
    return {out_.states.cpu(), out_.q.cpu()};
  }

 private:
  Walks Begin(int64_t first, int64_t size) {
    Walks walks;
    walks.row = torch::arange(first, first + size, network_.device);
    walks.state = out_.states.narrow(0, first, size).clone();
    walks.residual = Residual(network_, input_, walks.state);
    walks.q = HalfSquaredNorm(walks.residual);
    walks.step = torch::zeros_like(walks.state);
    walks.length = torch::ones_like(walks.q);
    walks.halvings = torch::zeros_like(walks.row);
    walks.factors = torch::zeros_like(walks.row);
    walks.moved = torch::ones_like(walks.q, torch::kBool);
    Store(walks);
    walks.Keep(torch::isfinite(walks.q).logical_and(walks.q >= goal_));
    return walks;
  }

  void Store(const Walks& walks) {
    out_.states.index_copy_(0, walks.row, walks.state);
    out_.q.index_copy_(0, walks.row, walks.q);
  }

  // A step for each walk that has moved; those end whose matrices are used up or singular.
  void Aim(Walks& walks) {
    walks.Keep(walks.moved.logical_and(walks.factors >= stopping_.max_iterations).logical_not());
    const Tensor moved = torch::nonzero(walks.moved).squeeze(1);
    if (moved.size(0) == 0) return;
    const Tensor state = walks.state.index_select(0, moved);
    const rnn::Linearization line =
        rnn::Linearize(network_.spec, network_.WeightsOn(network_.device), state,
                       RepeatInput(input_, moved.size(0)));
    const Tensor step =
        NewtonStep(network_.spec, line.jacobian, walks.residual.index_select(0, moved));
    walks.step.index_copy_(0, moved, Capped(step, stopping_.largest_step));
    walks.length.index_fill_(0, moved, 1);
    walks.halvings.index_fill_(0, moved, 0);
    walks.factors = walks.factors + walks.moved.to(walks.factors.scalar_type());
    walks.Keep(torch::isfinite(walks.step).all(1));
  }

  // Takes the steps that lower q enough and halves the others.
  void Try(Walks& walks) {
    const Tensor trial = walks.state + walks.length.unsqueeze(1) * walks.step;
    const Tensor residual = Residual(network_, input_, trial);
    const Tensor q = HalfSquaredNorm(residual);
    walks.moved = q < walks.q * (1 - 2 * kSufficientDecrease * walks.length);
    const Tensor row_moved = walks.moved.unsqueeze(1);
    walks.state = torch::where(row_moved, trial, walks.state);
    walks.residual = torch::where(row_moved, residual, walks.residual);
    walks.q = torch::where(walks.moved, q, walks.q);
    walks.halvings = walks.halvings + walks.moved.logical_not().to(walks.halvings.scalar_type());
    walks.length = torch::where(walks.moved, walks.length, walks.length / 2);
    Store(walks);
    walks.Keep((walks.q >= goal_).logical_and(walks.halvings <= kMaxHalvings));
  }

  const TrainedNetwork& network_;
  const Tensor input_;
  const Stopping stopping_;
  const double goal_;
  Solved out_;  // on the device
};

}  // namespace

Solved SolveTogether(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                     const Stopping& stopping) {
  return BatchSearch(network, input, starts, stopping).Run();
}

}  // namespace rnnfarm::dynamics
