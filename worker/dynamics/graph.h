// The graph between a network's fixed points, which topology compares.
#ifndef RNNFARM_WORKER_DYNAMICS_GRAPH_H_
#define RNNFARM_WORKER_DYNAMICS_GRAPH_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random_stream.h"
#include "worker/dynamics/fixed_points.h"

namespace rnnfarm::dynamics {

// Nodes of one context of a graph over slow points.
inline constexpr int kNodesPerContext = 25;
// Share of a context's readouts, around their middle, that its nodes span.
inline constexpr double kCentralShare = 0.9;

struct Graph {
  std::vector<int64_t> nodes;     // indices into the points
  std::vector<double> adjacency;  // nodes x nodes, row-major
  std::vector<double> lost;       // nodes: share of runs that came to rest at no stable point known
};

// Called with a share 0 to 1; false cancels.
using GraphProgress = std::function<bool(double)>;

// A_ij = share of runs from isolated point i, pushed graph_epsilon in a random direction of the
// state, that come to rest (largest change of a step below 1e-6) at stable point j of the same
// condition. Every isolated point is a node, in the order of `points`. CANCELLED.
absl::StatusOr<Graph> TransitionGraph(const TrainedNetwork& network,
                                      const std::vector<FixedPoint>& points,
                                      const Settings& settings, base::StreamKey random,
                                      const GraphProgress& progress);

// One isolated point a condition, in order of the conditions' labels, each with an edge to the
// nearest other (distance of h). Of several points the one whose leading eigenvalue is complex and
// unstable, then the one with the smallest readout: the one inside the oscillation. A condition
// without points has no node.
Graph GraphOverConditions(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                          const std::vector<task::Condition>& conditions);

// kNodesPerContext points of each condition, slow and isolated, nearest to evenly spaced readouts
// within the central share (fewer where there are fewer), in order of readout; each has an edge to
// the nearest of its own condition (distance of h).
Graph GraphWithinConditions(const TrainedNetwork& network, const std::vector<FixedPoint>& points,
                            const std::vector<task::Condition>& conditions);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_GRAPH_H_
