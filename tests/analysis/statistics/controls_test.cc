#include "analysis/statistics/controls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace rnnfarm::analysis {
namespace {

// Distances of points on a line.
Matrix OnALine(const std::vector<double>& points) {
  const int n = static_cast<int>(points.size());
  return Matrix::NullaryExpr(
      n, n, [&](Eigen::Index i, Eigen::Index j) { return std::abs(points[i] - points[j]); });
}

TEST(ControlsTest, FiveNetworksByHand) {
  // Trained at 0, 1 and 7, their controls, of which the second has none, at 10 and 8.
  const Controls c =
      MeasureControls(OnALine({0, 1, 7, 10, 8}), {0, 0, 0, 1, 1}, {3, -1, 4, -1, -1});
  EXPECT_EQ(c.trained, 3);
  EXPECT_EQ(c.untrained, 2);
  EXPECT_NEAR(*c.within_trained, (1 + 7 + 6) / 3., 1e-12);
  EXPECT_NEAR(*c.trained_untrained, (10 + 8 + 9 + 7 + 3 + 1) / 6., 1e-12);
  EXPECT_NEAR(*c.within_untrained, 2, 1e-12);
  EXPECT_NEAR(*c.own_control, (10 + 1) / 2., 1e-12);
  // Only the trained network at 7 is nearest to an untrained one, and the one at 8 to it.
  EXPECT_NEAR(*c.nearest_untrained, 1 / 3., 1e-12);
  EXPECT_NEAR(*c.accuracy, 3 / 5., 1e-12);
  EXPECT_NEAR(*c.chance, 3 / 5. * 2 / 4 + 2 / 5. * 1 / 4, 1e-12);
  // Within: 4 3.5 6.5 2 2; to the others: 9 8 2 22/3 16/3.
  EXPECT_NEAR(*c.silhouette, (5 / 9. + 4.5 / 8 - 4.5 / 6.5 + (1 - 6 / 22.) + (1 - 6 / 16.)) / 5,
              1e-12);
}

// Graph distances are often equal: the order of the rows must not decide.
TEST(ControlsTest, OfEquallyNearNetworksTheShareCounts) {
  const Matrix equal = Matrix::Ones(4, 4) - Matrix::Identity(4, 4);
  for (const std::vector<char>& untrained :
       {std::vector<char>{0, 0, 1, 1}, {0, 1, 1, 0}, {1, 0, 0, 1}}) {
    const Controls c = MeasureControls(equal, untrained, {-1, -1, -1, -1});
    EXPECT_NEAR(*c.nearest_untrained, 2 / 3., 1e-12);
    EXPECT_NEAR(*c.accuracy, *c.chance, 1e-12);
    EXPECT_FALSE(c.own_control);
  }
}

TEST(ControlsTest, WhatIsNotDefinedIsAbsent) {
  const Controls trained = MeasureControls(OnALine({0, 1, 3}), {0, 0, 0}, {-1, -1, -1});
  EXPECT_EQ(trained.trained, 3);
  EXPECT_TRUE(trained.within_trained);
  EXPECT_FALSE(trained.trained_untrained || trained.within_untrained || trained.own_control);
  EXPECT_FALSE(trained.nearest_untrained || trained.accuracy || trained.chance ||
               trained.silhouette);

  const Controls pair = MeasureControls(OnALine({0, 2}), {0, 1}, {1, -1});
  EXPECT_FALSE(pair.within_trained || pair.within_untrained || pair.accuracy);
  EXPECT_EQ(pair.trained_untrained, 2);
  EXPECT_EQ(pair.own_control, 2);
  EXPECT_EQ(pair.nearest_untrained, 1);

  const Controls untrained = MeasureControls(OnALine({0, 2}), {1, 1}, {-1, -1});
  EXPECT_EQ(untrained.within_untrained, 2);
  EXPECT_FALSE(untrained.nearest_untrained || untrained.own_control);
  EXPECT_EQ(MeasureControls(Matrix(0, 0), {}, {}).trained, 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
