#include <algorithm>
#include <cmath>
#include <tuple>

#include "worker/dynamics/graph.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// A run rests when no component changes by more in one step.
constexpr double kRest = 1e-6;
// A run that does not rest in so many steps is lost.
constexpr int kMaxSteps = 4000;
// Resting is looked for this often.
constexpr int kStepsBetweenChecks = 8;
// How far from a stable point a run may rest: slow last approaches leave it short of the point.
constexpr double kMatchDistance = 0.05;
// Rows that run together; bounds memory.
constexpr int64_t kRunsTogether = 8192;

// Runs under way: `run` is node * graph_runs + number.
struct Runs {
  Tensor run, state, projected;

  void Keep(const Tensor& mask) {
    run = run.index({mask});
    state = state.index({mask});
    projected = projected.index({mask});
  }
};

class TransitionRuns {
 public:
  TransitionRuns(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                 const Settings& settings, base::StreamKey random)
      : network_(network), points_(points), settings_(settings), random_(random) {
    for (size_t i = 0; i < points.size(); ++i) {
      if (!points[i].slow) graph_.nodes.push_back(static_cast<int64_t>(i));
    }
    graph_.adjacency.assign(graph_.nodes.size() * graph_.nodes.size(), 0);
    graph_.lost.assign(graph_.nodes.size(), 0);
  }

  absl::StatusOr<Graph> Run(const GraphProgress& progress) {
    const int64_t total = static_cast<int64_t>(graph_.nodes.size()) * settings_.graph_runs;
    for (int64_t first = 0; first < total; first += kRunsTogether) {
      const int64_t count = std::min(kRunsTogether, total - first);
      const auto go_on = [&](double share) { return progress((first + share * count) / total); };
      if (!RunTogether(Begin(first, count), go_on)) {
        return absl::CancelledError("the transition graph was cancelled");
      }
    }
    // Counted first and divided once, so that a row of one entry is exactly 1.
    for (double& share : graph_.adjacency) share /= settings_.graph_runs;
    for (double& share : graph_.lost) share /= settings_.graph_runs;
    return std::move(graph_);
  }

 private:
  const FixedPoint& NodeOf(int64_t run) const {
    return points_[graph_.nodes[run / settings_.graph_runs]];
  }

  // The points of the runs' nodes, each pushed in a direction uniform on the sphere.
  Runs Begin(int64_t first, int64_t count) const {
    std::vector<Tensor> states, inputs;
    for (int64_t run = first; run < first + count; ++run) {
      states.push_back(NodeOf(run).state + settings_.graph_epsilon * Direction(run));
      inputs.push_back(NodeOf(run).input);
    }
    const Tensor input = torch::stack(inputs);
    return {torch::arange(first, first + count), torch::stack(states),
            torch::addmm(network_.weights.bias, input, network_.weights.weight_ih.t())};
  }

  Tensor Direction(int64_t run) const {
    base::RandomStream random(random_, run);
    Tensor u = torch::empty({network_.spec.state_size()}, torch::kFloat64);
    for (int64_t i = 0; i < u.size(0); ++i) u.data_ptr<double>()[i] = random.Normal();
    return u / u.norm().clamp_min(1e-300);
  }

  bool RunTogether(Runs runs, const GraphProgress& progress) {
    const int64_t all = runs.run.size(0);
    for (int step = 1; step <= kMaxSteps && runs.run.size(0) > 0; ++step) {
      const Tensor next =
          rnn::StepProjected(network_.spec, network_.weights, runs.state, runs.projected);
      const Tensor change = next - runs.state;
      runs.state = next;
      if (step % kStepsBetweenChecks != 0) continue;
      const Tensor largest = std::get<0>(change.abs().max(1));
      // A run that left the finite numbers will never rest.
      const Tensor over = torch::isfinite(largest).logical_not();
      const Tensor rested = largest < kRest;
      Settle(runs, rested);
      Lose(runs, over);
      runs.Keep(rested.logical_or(over).logical_not());
      if (!progress(1 - static_cast<double>(runs.run.size(0)) / all)) return false;
    }
    Lose(runs, torch::ones({runs.run.size(0)}, torch::kBool));
    return true;
  }

  void Settle(const Runs& runs, const Tensor& mask) {
    const Tensor run = runs.run.index({mask}).contiguous();
    const Tensor state = runs.state.index({mask});
    for (int64_t row = 0; row < run.size(0); ++row) {
      const int64_t id = run.data_ptr<int64_t>()[row];
      const int64_t from = id / settings_.graph_runs;
      const int64_t to = NearestStable(NodeOf(id).condition, state[row]);
      (to < 0 ? graph_.lost[from] : graph_.adjacency[from * graph_.nodes.size() + to]) += 1;
    }
  }

  void Lose(const Runs& runs, const Tensor& mask) {
    const Tensor run = runs.run.index({mask}).contiguous();
    for (int64_t row = 0; row < run.size(0); ++row) {
      graph_.lost[run.data_ptr<int64_t>()[row] / settings_.graph_runs] += 1;
    }
  }

  int64_t NearestStable(int condition, const Tensor& state) const {
    double least = kMatchDistance * kMatchDistance;
    int64_t nearest = -1;
    for (size_t node = 0; node < graph_.nodes.size(); ++node) {
      const FixedPoint& point = points_[graph_.nodes[node]];
      if (point.condition != condition || point.map.unstable > 0) continue;
      const double* a = point.state.data_ptr<double>();
      const double* b = state.data_ptr<double>();
      double distance = 0;
      for (int64_t i = 0; i < state.size(0) && distance < least; ++i) {
        distance += (a[i] - b[i]) * (a[i] - b[i]);
      }
      if (distance >= least) continue;
      least = distance;
      nearest = static_cast<int64_t>(node);
    }
    return nearest;
  }

  const TrainedNetwork& network_;
  const std::vector<FixedPoint>& points_;
  const Settings& settings_;
  const base::StreamKey random_;
  Graph graph_;
};

}  // namespace

absl::StatusOr<Graph> TransitionGraph(const TrainedNetwork& network,
                                      const std::vector<FixedPoint>& points,
                                      const Settings& settings, base::StreamKey random,
                                      const GraphProgress& progress) {
  return TransitionRuns(network, points, settings, random).Run(progress);
}

}  // namespace rnnfarm::dynamics
