// Distances between fixed-point graphs.
#ifndef RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_
#define RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct Graph {
  Matrix adjacency;  // nodes x nodes
};

// From the arrays "transitions" of a fixed-points .npz.
absl::StatusOr<Graph> LoadGraph(const base::Archive& archive, absl::string_view source);

// The most frequent number of nodes (the smaller of equally frequent ones), 0 for no graphs. The
// paper compares only networks with the modal number (section 3.1).
int ModalNodeCount(const std::vector<Graph>& graphs);

// ‖A_1 − A_2‖_F of graphs with equally many nodes in corresponding order.
double GraphDistance(const Graph& a, const Graph& b);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_
