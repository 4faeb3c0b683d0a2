#include <algorithm>
#include <map>

#include "worker/dynamics/graph.h"
#include "worker/dynamics/settling.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Rows that run together; bounds memory.
constexpr int64_t kRunsTogether = 8192;

// A run is node * graph_runs + number.
class TransitionRuns {
 public:
  TransitionRuns(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                 const Settings& settings, base::StreamKey random)
      : network_(network), points_(points), settings_(settings), random_(random) {
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i].slow) continue;
      node_[static_cast<int64_t>(i)] = graph_.nodes.size();
      graph_.nodes.push_back(static_cast<int64_t>(i));
    }
    graph_.adjacency.assign(graph_.nodes.size() * graph_.nodes.size(), 0);
    graph_.lost.assign(graph_.nodes.size(), 0);
  }

  absl::StatusOr<Graph> Run(const GraphProgress& progress) {
    const int64_t total = static_cast<int64_t>(graph_.nodes.size()) * settings_.graph_runs;
    for (int64_t first = 0; first < total; first += kRunsTogether) {
      const int64_t count = std::min(kRunsTogether, total - first);
      const auto go_on = [&](double share) { return progress((first + share * count) / total); };
      if (!RunTogether(first, count, go_on)) {
        return absl::CancelledError("the transition graph was cancelled");
      }
    }
    // Counted first and divided once, so that a row of one entry is exactly 1.
    for (double& share : graph_.adjacency) share /= settings_.graph_runs;
    for (double& share : graph_.lost) share /= settings_.graph_runs;
    return std::move(graph_);
  }

 private:
  int64_t NodeOf(int64_t run) const { return run / settings_.graph_runs; }
  const FixedPoint& PointOf(int64_t run) const { return points_[graph_.nodes[NodeOf(run)]]; }

  // From the points of the runs' nodes, each pushed in a direction uniform on the sphere.
  bool RunTogether(int64_t first, int64_t count, const GraphProgress& go_on) {
    std::vector<Tensor> states, inputs;
    for (int64_t run = first; run < first + count; ++run) {
      states.push_back(PointOf(run).state + settings_.graph_epsilon * Direction(run));
      inputs.push_back(PointOf(run).input);
    }
    SettlingObserver observer;
    observer.on_rest = [&](int64_t row, const Tensor& state) {
      const int64_t run = first + row, from = NodeOf(run);
      const int64_t to = PointAt(points_, PointOf(run).condition, state);
      (to < 0 ? graph_.lost[from] : graph_.adjacency[from * graph_.nodes.size() + node_.at(to)]) +=
          1;
    };
    observer.on_lost = [&](int64_t row) { graph_.lost[NodeOf(first + row)] += 1; };
    observer.go_on = go_on;
    return Settle(network_, torch::stack(states), torch::stack(inputs), observer);
  }

  Tensor Direction(int64_t run) const {
    base::RandomStream random(random_, run);
    Tensor u = torch::empty({network_.spec.state_size()}, torch::kFloat64);
    for (int64_t i = 0; i < u.size(0); ++i) u.data_ptr<double>()[i] = random.Normal();
    return u / u.norm().clamp_min(1e-300);
  }

  const TrainedNetwork& network_;
  const std::vector<FixedPoint>& points_;
  const Settings& settings_;
  const base::StreamKey random_;
  std::map<int64_t, size_t> node_;  // by index of the point
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
