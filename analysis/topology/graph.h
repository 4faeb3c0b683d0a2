// The graph of a network's fixed points.
#ifndef RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_
#define RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct Graph {
  Matrix adjacency;  // nodes x nodes
  // Nodes x features of their fixed points: each readout to the nearest whole number, the number of
  // unstable directions, the largest |λ|. No columns if the file does not tell them.
  Matrix features = Matrix(adjacency.rows(), 0);
};

// From the array "transitions" of a fixed-points .npz, shares of runs; the features from
// "node_point", "readout", "n_unstable" and "eigval_J_xstar", none if one of these is not there.
absl::StatusOr<Matrix> LoadAdjacency(const base::Archive& archive, absl::string_view source);
absl::StatusOr<Graph> LoadGraph(const base::Archive& archive, absl::string_view source);

// ‖A_1 − A_2‖_F of the adjacencies of graphs with equally many nodes in corresponding order [the
// paper, section 3.1].
double GraphDistance(const Matrix& a, const Matrix& b);

// The distance (root mean square) at which two graphs of the same network lie from each other
// because each was sampled by `runs` runs a node, at least 2: each row is multinomial, and A_ij is
// estimated from this sample of it. 0 if every node's runs ended alike.
double SamplingFloor(const Matrix& adjacency, int runs);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_TOPOLOGY_GRAPH_H_
