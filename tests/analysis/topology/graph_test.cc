#include "analysis/topology/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

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
  EXPECT_THAT(Refusal(base::Array::Of<double>({2}, {1, 0})), HasSubstr("expected (-1, -1)"));
  EXPECT_THAT(Refusal(base::Archive()), HasSubstr("transitions"));
}

TEST(ModalNodeCountTest, IsTheMostFrequentAndTheSmallerOfEquals) {
  auto graphs = [](const std::vector<int>& sizes) {
    std::vector<Graph> out;
    for (int size : sizes) out.push_back({Matrix::Identity(size, size)});
    return out;
  };
  EXPECT_EQ(ModalNodeCount({}), 0);
  EXPECT_EQ(ModalNodeCount(graphs({27})), 27);
  EXPECT_EQ(ModalNodeCount(graphs({27, 26, 27, 25})), 27);
  EXPECT_EQ(ModalNodeCount(graphs({27, 26, 26, 27, 30})), 26);
}

TEST(GraphDistanceTest, IsTheFrobeniusNormOfTheDifference) {
  const Graph a{Matrix::Identity(3, 3)};
  Graph b = a;
  EXPECT_EQ(GraphDistance(a, b), 0);
  b.adjacency(2, 2) = 0;
  b.adjacency(2, 0) = 1;
  EXPECT_DOUBLE_EQ(GraphDistance(a, b), std::sqrt(2.0));
  EXPECT_EQ(GraphDistance(a, b), GraphDistance(b, a));
}

}  // namespace
}  // namespace rnnfarm::analysis
