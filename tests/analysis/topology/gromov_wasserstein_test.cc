#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>
#include <string>
#include <vector>

#include "analysis/embedding/rank_correlation.h"
#include "analysis/metric.h"
#include "analysis/topology/graph.h"
#include "analysis/topology/kinds.h"
#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {

namespace {

using base::Array;
using base::RandomStream;
using ::testing::HasSubstr;

constexpr double kCopy = 1e-7;

int Digit(int node, int bit) { return node / (bit == 0 ? 9 : bit == 1 ? 3 : 1) % 3 - 1; }

// A corner on which a run from `node` of the cube {-1, 0, 1}^3 may end.
bool LeadsTo(int node, int corner) {
  for (int bit = 0; bit < 3; ++bit) {
    if (Digit(corner, bit) == 0) return false;
    if (Digit(node, bit) != 0 && Digit(node, bit) != Digit(corner, bit)) return false;
  }
  return true;
}

// The flip-flop's graph, as it should be or of so many runs a node; with features or without.
Graph Cube(int runs, bool features, uint64_t substream) {
  RandomStream stream({4, 2}, substream);
  Graph out{Matrix::Zero(27, 27), Matrix::Zero(27, features ? 5 : 0)};
  for (int i = 0; i < 27; ++i) {
    std::vector<int> ends;
    for (int j = 0; j < 27; ++j) {
      if (LeadsTo(i, j)) ends.push_back(j);
    }
    for (int j : ends) out.adjacency(i, j) = runs == 0 ? 1.0 / ends.size() : 0;
    for (int run = 0; run < runs; ++run) {
      out.adjacency(i, ends[stream.Below(ends.size())]) += 1.0 / runs;
    }
    if (!features) continue;
    const double unstable = std::log2(ends.size());
    const double modulus = (unstable == 0 ? 0.9 : 1 + 0.05 * unstable) + 0.01 * stream.Normal();
    out.features.row(i) << Digit(i, 0), Digit(i, 1), Digit(i, 2), unstable, modulus;
  }
  return out;
}

// Points on a line, an edge from each to the nearest other one.
Graph Chain(int nodes, bool features, uint64_t substream) {
  RandomStream stream({4, 3}, substream);
  Graph out{Matrix::Zero(nodes, nodes), Matrix::Zero(nodes, features ? 3 : 0)};
  Vector at(nodes);
  for (int i = 0; i < nodes; ++i) at[i] = i + stream.Uniform(-0.4, 0.4);
  for (int i = 0; i < nodes; ++i) {
    int nearest = i == 0 ? 1 : 0;
    for (int j = 0; j < nodes; ++j) {
      if (j != i && std::abs(at[j] - at[i]) < std::abs(at[nearest] - at[i])) nearest = j;
    }
    out.adjacency(i, nearest) = 1;
    if (features) out.features.row(i) << 0, 2, 1 + 0.2 * at[i] / nodes;
  }
  return out;
}

Graph Only(const Graph& graph, const std::vector<int>& nodes) {
  return {Matrix(graph.adjacency(nodes, nodes)), Matrix(graph.features(nodes, Eigen::all))};
}

std::vector<int> Shuffled(int count, uint64_t substream) {
  RandomStream stream({4, 4}, substream);
  std::vector<int> out(count);
  std::iota(out.begin(), out.end(), 0);
  for (int i = count - 1; i > 0; --i) std::swap(out[i], out[stream.Below(i + 1)]);
  return out;
}

Array Dense(const Matrix& values) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = values;
  return Array::Of<double>({rows.rows(), rows.cols()},
                           absl::MakeConstSpan(rows.data(), rows.size()));
}

// As the workers write it, the points in the opposite order of the nodes.
std::string FileOf(const Graph& graph) {
  base::Archive archive;
  archive.Add("transitions", Dense(graph.adjacency));
  const int64_t nodes = graph.adjacency.rows(), outputs = graph.features.cols() - 2;
  if (outputs >= 0) {
    const Matrix points = graph.features.colwise().reverse();
    std::vector<int64_t> unstable, rows;
    std::vector<std::complex<double>> eigenvalues;
    for (int64_t i = 0; i < nodes; ++i) {
      unstable.push_back(static_cast<int64_t>(points(i, outputs)));
      eigenvalues.insert(eigenvalues.end(), {{0, points(i, outputs + 1)}, {0.1, 0}});
      rows.push_back(nodes - 1 - i);
    }
    archive.Add("readout", Dense((points.leftCols(outputs).array() + 0.2).matrix()));
    archive.Add("n_unstable", Array::Of<int64_t>({nodes}, unstable));
    archive.Add("eigval_J_xstar", Array::Of<std::complex<double>>({nodes, 2}, eigenvalues));
    archive.Add("node_point", Array::Of<int64_t>({nodes}, rows));
  }
  return archive.Encode().value();
}

double Distance(const MetricKind& kind, const MetricSettings& settings, const Graph& a,
                const Graph& b) {
  const auto metric = kind.make(settings);
  const auto x = metric->Prepare(FileOf(a), "a.npz"), y = metric->Prepare(FileOf(b), "b.npz");
  EXPECT_TRUE(x.ok() && y.ok()) << x.status() << y.status();
  if (!x.ok() || !y.ok()) return NAN;
  EXPECT_EQ(x->extent, a.adjacency.rows());
  const double distance = metric->Distance(*x, *y, {});
  const double back = metric->Distance(*y, *x, {});
  if (!std::isnan(distance)) {
    EXPECT_EQ(distance, back);
  }
  return distance;
}

double Gromov(const Graph& a, const Graph& b, double alpha = 0.5) {
  return Distance(GromovWassersteinKind(), {{"alpha", alpha}}, a, b);
}

// Other edges from so many nodes.
Graph Rewired(Graph graph, int edges, uint64_t substream) {
  RandomStream stream({4, 5}, substream);
  const int nodes = static_cast<int>(graph.adjacency.rows());
  for (int edge = 0; edge < edges; ++edge) {
    const int from = stream.Below(nodes), to = stream.Below(nodes);
    Eigen::Index strongest = 0;
    const double weight = graph.adjacency.row(from).maxCoeff(&strongest);
    graph.adjacency(from, strongest) = 0;
    graph.adjacency(from, to) += weight;
  }
  return graph;
}

TEST(FixedPointGraphTest, IsTheFrobeniusNormOfTheDifference) {
  const MetricKind kind = FixedPointGraphKind();
  const MetricSettings settings{{"runs", 100}, {"epsilon", 0.05}};
  const Graph a = Cube(0, true, 0), b = Rewired(a, 3, 1);
  EXPECT_EQ(kind.input, MetricInput::kFixedPoints);
  EXPECT_TRUE(kind.make(settings)->EqualExtents());
  EXPECT_EQ(Distance(kind, settings, a, b), GraphDistance(a.adjacency, b.adjacency));
  EXPECT_EQ(Distance(kind, settings, a, a), 0);
  EXPECT_THAT(kind.make(settings)->Prepare("no archive", "a.npz").status().message(),
              HasSubstr("a.npz"));
}

TEST(GromovWassersteinTest, RelabelledCopiesAreAtNoDistance) {
  for (const bool features : {true, false}) {
    for (int i = 0; i < 4; ++i) {
      for (const Graph& graph : {Cube(0, features, i), Cube(100, features, i),
                                 Chain(50, features, i), Chain(25, features, i)}) {
        const int nodes = static_cast<int>(graph.adjacency.rows());
        EXPECT_LT(Gromov(graph, Only(graph, Shuffled(nodes, i))), kCopy);
        EXPECT_LT(Gromov(graph, Only(graph, Shuffled(nodes, 10 + i)), 1), kCopy);
        EXPECT_EQ(Gromov(graph, graph), 0);
      }
    }
  }
}

TEST(GromovWassersteinTest, GrowsWithEachNodeThatIsTakenAway) {
  for (int order = 0; order < 6; ++order) {
    for (const Graph& graph :
         {Cube(0, true, order), Cube(100, true, order), Cube(100, false, order),
          Chain(50, true, order), Chain(30, false, order)}) {
      const int count = static_cast<int>(graph.adjacency.rows());
      const std::vector<int> nodes = Shuffled(count, 20 + order);
      double last = 0;
      for (int missing = 1; missing < count; ++missing) {
        std::vector<int> kept(nodes.begin() + missing, nodes.end());
        std::sort(kept.begin(), kept.end());
        const double distance = Gromov(graph, Only(graph, kept));
        EXPECT_GT(distance, last) << count << " nodes, order " << order << ", " << missing;
        last = distance;
      }
    }
  }
}

TEST(GromovWassersteinTest, AnAbsentNodeCostsItselfAndItsEdges) {
  const Graph two{Matrix{{1, 0}, {0.5, 0}}, Matrix{{0, 0}, {0, 1}}};
  const Graph one{Matrix::Ones(1, 1), Matrix{{0, 0}}};
  for (const double alpha : {0.0, 0.3, 1.0}) {
    // One of two nodes, and one of four possible edges of weight 0.5.
    EXPECT_NEAR(Gromov(two, one, alpha), std::sqrt((1 - alpha) / 2 + alpha * 0.25 / 4), 1e-12);
  }
}

TEST(GromovWassersteinTest, RanksEqualGraphsLikeTheirMatrices) {
  for (const Graph& graph : {Cube(0, true, 1), Cube(100, true, 2), Chain(50, true, 3)}) {
    constexpr int kGraphs = 20;
    Vector gromov(kGraphs), relabelled(kGraphs), frobenius(kGraphs);
    for (int i = 0; i < kGraphs; ++i) {
      const Graph other = Rewired(graph, i + 1, i);
      const int nodes = static_cast<int>(graph.adjacency.rows());
      frobenius[i] = GraphDistance(graph.adjacency, other.adjacency);
      gromov[i] = Gromov(graph, other);
      relabelled[i] = Gromov(graph, Only(other, Shuffled(nodes, i)));
      // The plan that maps every node to itself is one of those that are tried.
      EXPECT_LE(gromov[i], std::sqrt(0.5) * frobenius[i] / nodes + 1e-12);
    }
    EXPECT_GE(RankCorrelation(gromov, frobenius), 0.9);
    EXPECT_GE(RankCorrelation(relabelled, frobenius), 0.9);
  }
}

TEST(GromovWassersteinTest, WeighsStructureAgainstFeatures) {
  const Graph a{Matrix::Identity(2, 2), Matrix{{0, 0}, {0, 1}}};
  const Graph b{Matrix::Zero(2, 2), Matrix{{0, 0}, {0, 3}}};
  // Features: squared differences 0 and 4. Structure: two of four entries differ by 1.
  for (const double alpha : {0.0, 0.3, 1.0}) {
    EXPECT_NEAR(Gromov(a, b, alpha), std::sqrt((1 - alpha) * 2 + alpha * 0.5), 1e-12);
  }
  Graph swapped = b;
  swapped.adjacency(1, 0) = 1;
  EXPECT_NEAR(Gromov({Matrix{{0, 1}, {0, 0}}}, {Matrix{{0, 0}, {1, 0}}}, 1), 0, 1e-12);
  EXPECT_GT(Gromov(b, swapped), 0.1);
}

TEST(GromovWassersteinTest, OtherFeaturesAreNotComparable) {
  EXPECT_TRUE(std::isnan(Gromov(Cube(0, true, 0), Cube(0, false, 0))));
  EXPECT_TRUE(std::isnan(Gromov(Cube(0, true, 0), Chain(27, true, 0))));
}

TEST(GromovWassersteinTest, TakesGraphsOfOneNode) {
  const Graph one{Matrix::Ones(1, 1)};
  EXPECT_EQ(Gromov(one, one), 0);
  EXPECT_GT(Gromov(one, Cube(0, false, 0)), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
