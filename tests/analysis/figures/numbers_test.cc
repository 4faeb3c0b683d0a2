// The parts of the report that compute or parse, one by one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "analysis/figures/comma_separated.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/panel.h"
#include "analysis/figures/pooled_matrix.h"
#include "analysis/figures/principal_components.h"
#include "analysis/figures/sweep_text.h"

namespace rnnfarm::figures {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(PrincipalComponentsTest, FindsKnownAxes) {
  // Points on an ellipse in the plane of (3, 4, 0)/5 and (0, 0, 1), shifted.
  Eigen::MatrixXd samples(8, 3);
  for (int i = 0; i < 8; ++i) {
    const double along = 10 * std::cos(i * M_PI / 4), across = 2 * std::sin(i * M_PI / 4);
    samples.row(i) << 1 + 0.6 * along, 2 + 0.8 * along, 3 + across;
  }
  const auto components = FitPrincipalComponents(samples, 5);
  ASSERT_TRUE(components.ok()) << components.status();
  ASSERT_EQ(components->axes.cols(), 3);
  EXPECT_NEAR(components->axes(0, 0), 0.6, 1e-12);
  EXPECT_NEAR(components->axes(1, 0), 0.8, 1e-12);
  EXPECT_NEAR(components->axes(2, 1), 1, 1e-12);
  EXPECT_NEAR(components->explained(0), 100.0 / 104, 1e-12);
  EXPECT_NEAR(components->explained(2), 0, 1e-12);
  EXPECT_NEAR(components->Project(samples)(0, 0), 10, 1e-12);
}

TEST(PrincipalComponentsTest, RefusesWhatHasNone) {
  EXPECT_FALSE(FitPrincipalComponents(Eigen::MatrixXd::Ones(5, 3), 2).ok());
  EXPECT_FALSE(FitPrincipalComponents(Eigen::MatrixXd::Random(1, 3), 2).ok());
  Eigen::MatrixXd broken = Eigen::MatrixXd::Random(5, 3);
  broken(2, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(FitPrincipalComponents(broken, 2).ok());
}

TEST(PooledMatrixTest, OrdersAndAverages) {
  // d(i, j) = |i - j| in file order; drawn in reverse, four rows pooled to two.
  std::vector<float> distances;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) distances.push_back(std::abs(i - j));
  }
  const PooledMatrix whole = PoolMatrix(distances, {3, 0, 1, 2}, 10);
  EXPECT_EQ(whole.side, 4);
  EXPECT_THAT(whole.triangle, ElementsAre(0, 3, 0, 2, 1, 0, 1, 2, 1, 0));
  const PooledMatrix pooled = PoolMatrix(distances, {0, 1, 2, 3}, 2);
  EXPECT_THAT(pooled.first, ElementsAre(0, 2, 4));
  EXPECT_THAT(pooled.triangle, ElementsAre(0.5, 2, 0.5));
  distances[1] = distances[4] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(PoolMatrix(distances, {0, 1, 2, 3}, 2).triangle[0], 0);
  EXPECT_TRUE(std::isnan(PoolMatrix(distances, {0, 1, 2, 3}, 4).triangle[1]));
}

TEST(PooledMatrixTest, EveryRowIsInOneBlock) {
  std::vector<int> order(1000);
  std::iota(order.begin(), order.end(), 0);
  const std::vector<float> ones(1'000'000, 1.0f);
  const PooledMatrix pooled = PoolMatrix(ones, order, 720);
  ASSERT_EQ(pooled.first.size(), 721u);
  EXPECT_EQ(pooled.first.front(), 0);
  EXPECT_EQ(pooled.first.back(), 1000);
  for (size_t i = 0; i + 1 < pooled.first.size(); ++i) {
    EXPECT_LT(pooled.first[i], pooled.first[i + 1]);
  }
  EXPECT_THAT(pooled.triangle, ::testing::Each(1.0f));
}

TEST(CommaSeparatedTest, ReadsQuotedFields) {
  const auto table = ParseTable("a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n\r\n,\r\n", "t.csv");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(table->columns, ElementsAre("a", "b"));
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->Cell(0, "a"), "x, \"y\"\nz");
  EXPECT_EQ(table->Cell(0, "b"), "2");
  EXPECT_EQ(table->Cell(1, "a"), "");
  EXPECT_EQ(table->Cell(0, "c"), "");
  EXPECT_THAT(std::string(ParseTable("a,b\n1\n", "t.csv").status().message()),
              HasSubstr("record 2 has 1 fields, the first has 2"));
  EXPECT_FALSE(ParseTable("a\n\"open", "t.csv").ok());
}

TEST(SweepTextTest, FindsNameAndKinds) {
  const SweepText sweep = ScanSweep(
      "# name: \"no\"\nseeds { first: 0 }\n"
      "task { name: \"a\" flip_flop { bits: 3 } }\n"
      "task: <\n  sine_wave: { steps: 5 } # { \n name: 'b'\n>\n"
      "import { path: \"}\" task: \"a\" }\nname: \"the \\\"sweep\\\"\"\n");
  EXPECT_EQ(sweep.name, "the \"sweep\"");
  EXPECT_THAT(sweep.kind, UnorderedElementsAre(Pair("a", "flip_flop"), Pair("b", "sine_wave")));
  EXPECT_TRUE(ScanSweep("task { name: \"a\"").kind.empty());
}

TEST(JsonTextTest, EscapesAndReads) {
  EXPECT_EQ(JsonString("a\"\\\n</script>"), "\"a\\\"\\\\\\u000a\\u003c/script>\"");
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(JsonObject().Set("x", "1").Set("y", JsonNumbers({0.5, 2})).Text(),
            "{\"x\":1,\"y\":[0.5,2]}");
  // 1.0f is 00 00 80 3f.
  EXPECT_EQ(JsonFloats({1.0f}), "{\"dtype\":\"f4\",\"bdata\":\"AACAPw==\"}");
  EXPECT_THAT(TopLevelStrings(R"({"a": "x\"y", "n": 3, "deep": {"a": "no"}, "list": ["b", {"c":
              "d"}], "z": "last"})"),
              UnorderedElementsAre(Pair("a", "x\"y"), Pair("z", "last")));
  EXPECT_TRUE(TopLevelStrings("{\"a").empty());
}

TEST(PanelTest, OrdersNetworksAsThePaperDoes) {
  Network lstm, vanilla, control;
  lstm.architecture = "lstm";
  lstm.activation = "relu";
  vanilla.architecture = control.architecture = "vanilla";
  vanilla.activation = control.activation = "tanh";
  control.untrained = true;
  EXPECT_TRUE(StandsBefore(vanilla, lstm));
  EXPECT_TRUE(StandsBefore(vanilla, control));
  EXPECT_TRUE(StandsBefore(control, lstm));
  vanilla.l2 = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(StandsBefore(vanilla, vanilla));
}

}  // namespace
}  // namespace rnnfarm::figures
