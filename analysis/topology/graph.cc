#include "analysis/topology/graph.h"

#include <cassert>
#include <map>

#include "absl/strings/str_cat.h"

namespace rnnfarm::analysis {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

absl::StatusOr<Graph> LoadGraph(const base::Archive& archive, absl::string_view source) {
  auto array = archive.Find("transitions", {-1, -1});
  if (!array.ok()) return array.status();
  const auto& shape = (*array)->shape;
  if (shape[0] != shape[1]) {
    return absl::InvalidArgumentError(absl::StrCat(
        source, ": transitions is ", (*array)->Describe(), ", expected as many rows as columns"));
  }
  if (shape[0] == 0) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": the graph has no nodes"));
  }
  auto values = (*array)->ToDoubles();
  if (!values.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": transitions: ", values.status().message()));
  }
  Graph graph{Eigen::Map<const RowMajor>(values->data(), shape[0], shape[1])};
  if (!graph.adjacency.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source, ": transitions holds NaN or infinite values"));
  }
  return graph;
}

int ModalNodeCount(const std::vector<Graph>& graphs) {
  std::map<int, int> networks;
  for (const Graph& graph : graphs) ++networks[static_cast<int>(graph.adjacency.rows())];
  int modal = 0, most = 0;
  for (const auto& [nodes, count] : networks) {
    if (count > most) {
      modal = nodes;
      most = count;
    }
  }
  return modal;
}

double GraphDistance(const Graph& a, const Graph& b) {
  assert(a.adjacency.rows() == b.adjacency.rows());
  return (a.adjacency - b.adjacency).norm();
}

}  // namespace rnnfarm::analysis
