#include "worker/dynamics/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/dynamics/hand_made.h"

namespace rnnfarm::dynamics {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using torch::Tensor;

bool GoOn(double) { return true; }

FixedPoint PointAt(const TrainedNetwork& network, const std::vector<double>& state,
                   const std::vector<double>& input, int condition = 0, bool slow = false) {
  FixedPoint point;
  point.condition = condition;
  point.slow = slow;
  point.state = torch::tensor(state, torch::kFloat64);
  point.input = torch::tensor(input, torch::kFloat64);
  point.readout = state;
  point.map = LinearizeAt(network, point.state, point.input);
  return point;
}

std::vector<FixedPoint> BistablePoints(const TrainedNetwork& network) {
  return {PointAt(network, {-kBistableState}, {0}), PointAt(network, {0}, {0}),
          PointAt(network, {kBistableState}, {0})};
}

TEST(TransitionGraph, SplitsTheSaddleOfABistableUnit) {
  const TrainedNetwork network = *Load(Bistable(1));
  Settings settings;
  const auto graph = TransitionGraph(network, BistablePoints(network), settings,
                                     base::DeriveStream(1, "", "transitions"), GoOn);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(graph->nodes, ElementsAre(0, 1, 2));
  const std::vector<double>& a = graph->adjacency;
  EXPECT_EQ(a[0], 1);
  EXPECT_EQ(a[8], 1);
  EXPECT_GT(a[3], 0.3);
  EXPECT_LT(a[3], 0.7);
  EXPECT_EQ(a[4], 0);
  EXPECT_NEAR(a[3] + a[5], 1, 1e-12);
  EXPECT_THAT(graph->lost, Each(0));
}

TEST(TransitionGraph, CountsRunsThatFindNoKnownStablePoint) {
  const TrainedNetwork network = *Load(Bistable(1));
  std::vector<FixedPoint> points = BistablePoints(network);
  points.pop_back();
  Settings settings;
  const auto graph =
      TransitionGraph(network, points, settings, base::DeriveStream(1, "", "transitions"), GoOn);
  ASSERT_TRUE(graph.ok());
  EXPECT_GT(graph->lost[1], 0.3);
  EXPECT_NEAR(graph->lost[1] + graph->adjacency[2], 1, 1e-12);
}

TEST(TransitionGraph, LosesRunsThatGrowWithoutBound) {
  // Above 0.5 the unit doubles its distance for good; below, it comes to rest at 0, which is
  // unknown.
  const TrainedNetwork network = *Load(Plain(rnn::Activation::kRelu, 1, {2}));
  Settings settings;
  const auto graph = TransitionGraph(network, {PointAt(network, {0.5}, {-0.5})}, settings,
                                     base::DeriveStream(1, "", "transitions"), GoOn);
  ASSERT_TRUE(graph.ok());
  EXPECT_NEAR(graph->lost[0], 1, 1e-12);
}

TEST(TransitionGraph, CanBeCancelled) {
  const TrainedNetwork network = *Load(Bistable(1));
  Settings settings;
  const auto graph =
      TransitionGraph(network, BistablePoints(network), settings,
                      base::DeriveStream(1, "", "transitions"), [](double) { return false; });
  EXPECT_EQ(graph.status().code(), absl::StatusCode::kCancelled);
}

TEST(TransitionGraph, OfNothingIsEmpty) {
  const TrainedNetwork network = *Load(Bistable(1));
  Settings settings;
  const auto graph =
      TransitionGraph(network, {}, settings, base::DeriveStream(1, "", "transitions"), GoOn);
  ASSERT_TRUE(graph.ok());
  EXPECT_TRUE(graph->adjacency.empty());
}

TEST(GraphOverConditions, ConnectsTheNearestInOrderOfTheLabels) {
  // Slightly growing rotation: at each input the one fixed point is an unstable focus.
  const float c = 1.05f * std::cos(0.2f), s = 1.05f * std::sin(0.2f);
  const TrainedNetwork network = *Load(Plain(rnn::Activation::kTanh, 2, {c, -s, s, c}));
  const std::vector<task::Condition> conditions = {{{0.3, 0}, 3}, {{0, 0}, 1}, {{0.1, 0}, 2}};
  const std::vector<FixedPoint> points = {
      PointAt(network, {0.3, 0}, {0.3, 0}, 0), PointAt(network, {0.9, 0.9}, {0, 0}, 1),
      PointAt(network, {0, 0}, {0, 0}, 1), PointAt(network, {0.1, 0}, {0.1, 0}, 2)};
  const Graph graph = GraphOverConditions(network, points, conditions);
  EXPECT_THAT(graph.nodes, ElementsAre(2, 3, 0));
  EXPECT_THAT(graph.adjacency, ElementsAre(0, 1, 0, 1, 0, 0, 0, 1, 0));
}

TEST(GraphOverConditions, LeavesOutConditionsWithoutPoints) {
  const TrainedNetwork network = *Load(Bistable(1));
  const Graph graph =
      GraphOverConditions(network, {PointAt(network, {0}, {0}, 1)}, {{{0.0}, 0}, {{0.0}, 1}});
  EXPECT_THAT(graph.nodes, ElementsAre(0));
  EXPECT_THAT(graph.adjacency, ElementsAre(0));
}

TEST(GraphWithinConditions, ResamplesEachContextAndKeepsThemApart) {
  const TrainedNetwork network = *Load(Bistable(1));
  std::vector<FixedPoint> points;
  for (int i = 0; i < 101; ++i) {
    points.push_back(PointAt(network, {i * 0.1}, {0}, 0, /*slow=*/true));
  }
  for (int i = 0; i < 3; ++i) points.push_back(PointAt(network, {i * 0.5}, {0}, 1));
  const Graph graph = GraphWithinConditions(network, points, {{{0.0}, 0}, {{0.0}, 1}});
  ASSERT_EQ(graph.nodes.size(), 28u);
  // The central 90 % of 0 … 10 is 0.5 … 9.5.
  EXPECT_EQ(graph.nodes[0], 5);
  EXPECT_EQ(graph.nodes[24], 95);
  for (size_t i = 0; i < 28; ++i) {
    double inside = 0, outside = 0;
    for (size_t j = 0; j < 28; ++j) {
      ((i < 25) == (j < 25) ? inside : outside) += graph.adjacency[i * 28 + j];
    }
    EXPECT_EQ(inside, 1) << i;
    EXPECT_EQ(outside, 0) << i;
    EXPECT_EQ(graph.adjacency[i * 28 + i], 0);
  }
}

}  // namespace
}  // namespace rnnfarm::dynamics
