#include "analysis/topology/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

using ::testing::HasSubstr;

Graph Load(const base::Array& transitions) {
  base::Archive archive;
  archive.Add("transitions", transitions);
  auto graph = LoadGraph(archive, "net.npz");
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *graph : Graph{};
}

std::string Refusal(const base::Archive& archive) {
  auto graph = LoadGraph(archive, "net.npz");
  EXPECT_TRUE(absl::IsInvalidArgument(graph.status())) << graph.status();
  return std::string(graph.status().message());
}

std::string Refusal(const base::Array& transitions) {
  base::Archive archive;
  archive.Add("transitions", transitions);
  return Refusal(archive);
}

TEST(LoadGraphTest, RowsAreWhereTheRunsBegan) {
  const Graph graph = Load(base::Array::Of<double>({2, 2}, {1, 0, 0.25, 0.75}));
  EXPECT_EQ(graph.adjacency(1, 0), 0.25);
  EXPECT_EQ(graph.adjacency(0, 1), 0);
  EXPECT_EQ(Load(base::Array::Of<float>({1, 1}, {1})).adjacency.rows(), 1);
}

TEST(LoadGraphTest, RefusesWhatIsNoGraph) {
  EXPECT_THAT(Refusal(base::Array::Of<double>({2, 3}, {1, 0, 0, 0, 1, 0})),
              HasSubstr("net.npz: transitions is (2, 3)"));
  EXPECT_THAT(Refusal(base::Array::Of<double>({2, 2}, {1, 0, NAN, 1})), HasSubstr("NaN"));
  EXPECT_THAT(Refusal(base::Array::Of<double>({0, 0}, {})), HasSubstr("no nodes"));
  EXPECT_THAT(Refusal(base::Array::Of<double>({2}, {1, 0})), HasSubstr("expected (any, any)"));
  EXPECT_THAT(Refusal(base::Archive()), HasSubstr("transitions"));
}

using Complex = std::complex<double>;

// Two nodes, which are points 2 and 0 of three.
base::Archive WithFeatures() {
  base::Archive archive;
  archive.Add("transitions", base::Array::Of<double>({2, 2}, {1, 0, 0, 1}));
  archive.Add("readout", base::Array::Of<double>({3, 2}, {0.9, -0.2, 7, 7, -1.4, 0.6}));
  archive.Add("n_unstable", base::Array::Of<int64_t>({3}, {0, 7, 2}));
  archive.Add("eigval_J_xstar", base::Array::Of<Complex>(
                                    {3, 2}, {{0.5, 0}, {0.1, 0}, 7, 7, {0.6, 0.8}, {0.6, -0.8}}));
  archive.Add("node_point", base::Array::Of<int64_t>({2}, {2, 0}));
  return archive;
}

base::Archive Replaced(const base::Archive& archive, const std::string& name,
                       const base::Array& by) {
  base::Archive out;
  for (const auto& [entry, array] : archive.entries()) out.Add(entry, entry == name ? by : array);
  return out;
}

TEST(LoadGraphTest, FeaturesAreThoseOfTheNodesPoints) {
  const auto graph = LoadGraph(WithFeatures(), "net.npz");
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Matrix expected{{-1, 1, 2, 1}, {1, 0, 0, 0.5}};
  EXPECT_LT((graph->features - expected).cwiseAbs().maxCoeff(), 1e-15);
}

TEST(LoadGraphTest, WithoutOneOfTheArraysThereAreNoFeatures) {
  EXPECT_EQ(Load(base::Array::Of<double>({2, 2}, {1, 0, 0, 1})).features.cols(), 0);
  const base::Archive whole = WithFeatures();
  for (const auto& [name, array] : whole.entries()) {
    if (name == "transitions") continue;
    base::Archive partial;
    for (const auto& [other, kept] : whole.entries()) {
      if (other != name) partial.Add(other, kept);
    }
    const auto graph = LoadGraph(partial, "net.npz");
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_EQ(graph->features.rows(), 2);
    EXPECT_EQ(graph->features.cols(), 0);
  }
}

TEST(LoadGraphTest, RefusesFeaturesThatDoNotFit) {
  const auto refusal = [](const std::string& name, const base::Array& by) {
    return Refusal(Replaced(WithFeatures(), name, by));
  };
  EXPECT_THAT(refusal("node_point", base::Array::Of<int64_t>({2}, {0, 3})),
              HasSubstr("net.npz: node_point names point 3 of 3"));
  EXPECT_THAT(refusal("node_point", base::Array::Of<int64_t>({2}, {-1, 0})), HasSubstr("point -1"));
  EXPECT_THAT(refusal("node_point", base::Array::Of<int64_t>({1}, {0})), HasSubstr("node_point"));
  EXPECT_THAT(refusal("n_unstable", base::Array::Of<int64_t>({2}, {0, 0})),
              HasSubstr("n_unstable"));
  EXPECT_THAT(refusal("eigval_J_xstar", base::Array::Of<double>({3, 1}, {1, 1, 1})),
              HasSubstr("eigval_J_xstar"));
  EXPECT_THAT(refusal("eigval_J_xstar", base::Array::Of<Complex>({3, 0}, {})),
              HasSubstr("no columns"));
  EXPECT_THAT(refusal("readout", base::Array::Of<double>({3, 1}, {NAN, 0, 0})), HasSubstr("NaN"));
}

// `runs` runs from each node; what is left of a row's sum are runs that were lost.
Matrix Sampled(const Matrix& shares, int runs, base::RandomStream& stream) {
  Matrix out = Matrix::Zero(shares.rows(), shares.cols());
  for (int i = 0; i < shares.rows(); ++i) {
    for (int run = 0; run < runs; ++run) {
      double u = stream.Uniform();
      for (int j = 0; j < shares.cols(); ++j) {
        if ((u -= shares(i, j)) >= 0) continue;
        out(i, j) += 1.0 / runs;
        break;
      }
    }
  }
  return out;
}

TEST(SamplingFloorTest, IsWhatTwoSamplingsOfANetworkDifferBy) {
  // Deterministic; even; with lost runs; all lost.
  const Matrix shares{{1, 0, 0, 0}, {0.25, 0.25, 0.25, 0.25}, {0.1, 0.5, 0, 0}, {0, 0, 0, 0}};
  base::RandomStream stream({8, 8});
  for (const int runs : {2, 10, 100}) {
    double squares = 0, floors = 0;
    constexpr int kPairs = 4000;
    for (int pair = 0; pair < kPairs; ++pair) {
      const Graph a{Sampled(shares, runs, stream)}, b{Sampled(shares, runs, stream)};
      squares += std::pow(GraphDistance(a.adjacency, b.adjacency), 2) / kPairs;
      floors += std::pow(SamplingFloor(a.adjacency, runs), 2) / kPairs;
    }
    // Σ p (1 − p): 0.75 and 0.34.
    EXPECT_NEAR(squares, 2 * 1.09 / runs, 0.05 * squares) << runs;
    EXPECT_NEAR(floors, 2 * 1.09 / runs, 0.05 * squares) << runs;
  }
}

TEST(SamplingFloorTest, IsZeroWhereAllRunsEndAlike) {
  EXPECT_EQ(SamplingFloor({Matrix::Identity(5, 5)}, 100), 0);
  EXPECT_EQ(SamplingFloor({Matrix::Zero(5, 5)}, 100), 0);
}

TEST(GraphDistanceTest, IsTheFrobeniusNormOfTheDifference) {
  const Graph a{Matrix::Identity(3, 3)};
  Graph b = a;
  EXPECT_EQ(GraphDistance(a.adjacency, b.adjacency), 0);
  b.adjacency(2, 2) = 0;
  b.adjacency(2, 0) = 1;
  EXPECT_DOUBLE_EQ(GraphDistance(a.adjacency, b.adjacency), std::sqrt(2.0));
  EXPECT_EQ(GraphDistance(a.adjacency, b.adjacency), GraphDistance(b.adjacency, a.adjacency));
}

}  // namespace
}  // namespace rnnfarm::analysis
