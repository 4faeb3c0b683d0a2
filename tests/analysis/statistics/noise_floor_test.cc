#include "analysis/statistics/noise_floor.h"

#include <gtest/gtest.h>

#include <limits>

namespace rnnfarm::analysis {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Matrix OfPairs(double d01, double d02, double d12) {
  Matrix out(3, 3);
  out << 0, d01, d02, d01, 0, d12, d02, d12, 0;
  return out;
}

TEST(NoiseFloorTest, ThreeNetworksByHand) {
  const auto floor = MeasureNoiseFloor(OfPairs(1, 2, 3), OfPairs(1.5, 1, 3));
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->networks, 3);
  EXPECT_EQ(floor->pairs, 3);
  EXPECT_DOUBLE_EQ(floor->mean, 0.5);
  EXPECT_DOUBLE_EQ(floor->largest, 1);
}

TEST(NoiseFloorTest, PairsWithoutADistanceAreLeftOut) {
  const auto floor = MeasureNoiseFloor(OfPairs(1, kUnknown, 3), OfPairs(1.5, 1, kUnknown));
  ASSERT_TRUE(floor);
  EXPECT_EQ(floor->networks, 2);
  EXPECT_EQ(floor->pairs, 1);
  EXPECT_DOUBLE_EQ(floor->mean, 0.5);
  EXPECT_DOUBLE_EQ(floor->largest, 0.5);
}

TEST(NoiseFloorTest, WithoutAPairThereIsNone) {
  EXPECT_FALSE(MeasureNoiseFloor(Matrix(0, 0), Matrix(0, 0)));
  EXPECT_FALSE(MeasureNoiseFloor(Matrix::Zero(1, 1), Matrix::Zero(1, 1)));
  EXPECT_FALSE(MeasureNoiseFloor(OfPairs(kUnknown, kUnknown, 1), OfPairs(1, kUnknown, kUnknown)));
  EXPECT_EQ(MeasureNoiseFloor(OfPairs(1, 2, 3), OfPairs(1, 2, 3))->largest, 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
