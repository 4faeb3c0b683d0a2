#include "worker/dynamics/newton.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "worker/dynamics/cell_map.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Starts that are evaluated together: one pass over the weights for all of them. One that has ended
// makes room for the next.
constexpr int kTogether = 8;
// What a step must leave of q at most for its matrix to be used once more, and what a step with an
// old matrix must leave to be taken: a fifth of the cost for a fifth of the digits.
constexpr double kFast = 1e-2;
// Evaluations of all walks between two questions whether to go on: microseconds for the smallest
// networks, some seconds for the largest.
constexpr int kRoundsBetweenQuestions = 16;

// One start on its way.
struct Walk {
  int64_t start = 0;
  std::vector<double> state, trial, residual, step;
  CellMap::Kept kept;
  CellMap::Factored factored;
  double q = std::numeric_limits<double>::infinity();
  double length = 0;  // of the step to the trial; 0: the start itself
  int halvings = 0, factors = 0;
  bool old_matrix = false;
};

class NewtonSearch {
 public:
  NewtonSearch(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
               const Stopping& stopping)
      : map_(network, input),
        size_(map_.state_size()),
        starts_(starts.contiguous()),
        stopping_(stopping),
        goal_(stopping.tolerance * kPolish),
        evaluated_(kTogether, std::vector<double>(size_)),
        kept_(kTogether),
        out_{starts_.clone(), torch::full({starts.size(0)}, std::numeric_limits<double>::infinity(),
                                          torch::kFloat64)} {}

  Solved Run() {
    std::vector<Walk> walks(std::min<int64_t>(kTogether, starts_.size(0)));
    for (Walk& walk : walks) Begin(walk);
    for (int round = 1; !walks.empty(); ++round) {
      if (round % kRoundsBetweenQuestions == 0 && !Asked(stopping_.go_on)) break;
      EvaluateTrials(walks);
      for (size_t i = walks.size(); i-- > 0;) {
        if (GoesOn(walks[i], evaluated_[i], kept_[i])) continue;
        Store(walks[i]);
        if (next_ < starts_.size(0)) {
          Begin(walks[i]);
        } else {
          if (i + 1 < walks.size()) std::swap(walks[i], walks.back());
          walks.pop_back();
        }
      }
    }
    return std::move(out_);
  }

 private:
  void Begin(Walk& walk) {
    walk.start = next_++;
    const double* from = starts_.data_ptr<double>() + walk.start * size_;
    walk.state.assign(from, from + size_);
    walk.trial = walk.state;
    walk.residual.resize(size_);
    walk.step.resize(size_);
    walk.q = std::numeric_limits<double>::infinity();
    walk.length = 0;
    walk.halvings = walk.factors = 0;
    walk.old_matrix = false;
  }

  void Store(const Walk& walk) {
    std::copy(walk.state.begin(), walk.state.end(),
              out_.states.data_ptr<double>() + walk.start * size_);
    out_.q.data_ptr<double>()[walk.start] = walk.q;
  }

  void EvaluateTrials(const std::vector<Walk>& walks) {
    std::vector<const double*> states;
    std::vector<double*> next;
    std::vector<CellMap::Kept*> kept;
    for (size_t i = 0; i < walks.size(); ++i) {
      states.push_back(walks[i].trial.data());
      next.push_back(evaluated_[i].data());
      kept.push_back(&kept_[i]);
    }
    map_.Evaluate(states, next, kept);
  }

  // Takes or refuses the trial, whose image is `next`, and makes the next one. False at the end.
  bool GoesOn(Walk& walk, std::vector<double>& next, CellMap::Kept& kept) {
    double q = 0;
    for (int i = 0; i < size_; ++i) {
      next[i] -= walk.trial[i];
      q += next[i] * next[i];
    }
    q /= 2;
    const double before = walk.q;
    if (walk.length > 0 && !(q < Enough(walk))) return AfterRefusal(walk);
    std::swap(walk.residual, next);
    std::swap(walk.kept, kept);
    std::swap(walk.state, walk.trial);
    walk.q = q;
    if (!std::isfinite(q) || q < goal_) return false;
    if (walk.length == 1 && q < kFast * before) return StepWithOldMatrix(walk);
    return StepWithNewMatrix(walk);
  }

  // What q of the trial must stay below.
  static double Enough(const Walk& walk) {
    return walk.q * (walk.old_matrix ? kFast : 1 - 2 * kSufficientDecrease * walk.length);
  }

  bool AfterRefusal(Walk& walk) {
    if (walk.old_matrix) return StepWithNewMatrix(walk);
    if (++walk.halvings > kMaxHalvings) return false;
    walk.length /= 2;
    return Try(walk);
  }

  bool StepWithNewMatrix(Walk& walk) {
    if (walk.factors++ == stopping_.max_iterations) return false;
    walk.old_matrix = false;
    return map_.Factor(walk.state.data(), walk.kept, walk.factored) && Step(walk);
  }

  bool StepWithOldMatrix(Walk& walk) {
    walk.old_matrix = true;
    return Step(walk);
  }

  bool Step(Walk& walk) {
    map_.Solve(walk.factored, walk.residual.data(), walk.step.data());
    double largest = 0;
    for (double value : walk.step) {
      if (!std::isfinite(value)) return false;
      largest = std::max(largest, std::abs(value));
    }
    if (largest > stopping_.largest_step) {
      for (double& value : walk.step) value *= stopping_.largest_step / largest;
    }
    walk.length = 1;
    walk.halvings = 0;
    return Try(walk);
  }

  bool Try(Walk& walk) {
    for (int i = 0; i < size_; ++i) walk.trial[i] = walk.state[i] + walk.length * walk.step[i];
    return true;
  }

  CellMap map_;
  const int size_;
  const Tensor starts_;
  const Stopping stopping_;
  const double goal_;
  int64_t next_ = 0;  // the first start that has not begun
  std::vector<std::vector<double>> evaluated_;
  std::vector<CellMap::Kept> kept_;
  Solved out_;
};

}  // namespace

Solved SolveNewton(const TrainedNetwork& network, const Tensor& input, const Tensor& starts,
                   const Stopping& stopping) {
  if (!network.device.is_cpu()) return SolveTogether(network, input, starts, stopping);
  return NewtonSearch(network, input, starts, stopping).Run();
}

}  // namespace rnnfarm::dynamics
