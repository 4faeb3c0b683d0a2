#include "analysis/statistics/mantel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

Matrix RandomDistances(int n, uint64_t substream) {
  base::RandomStream stream({7, 8}, substream);
  Matrix points = Matrix::NullaryExpr(n, 3, [&] { return stream.Normal(); });
  Matrix out = Matrix::Zero(n, n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) out(i, j) = out(j, i) = (points.row(i) - points.row(j)).norm();
  }
  return out;
}

std::vector<int> Pairs(int n) {
  std::vector<int> configuration;
  for (int i = 0; i < n; ++i) configuration.push_back(i / 2);
  return configuration;
}

TEST(MantelTest, ThreeNetworksByHand) {
  Matrix a = Matrix::Zero(3, 3), b = Matrix::Zero(3, 3);
  a(1, 0) = a(0, 1) = 1, a(2, 0) = a(0, 2) = 2, a(2, 1) = a(1, 2) = 3;
  b(1, 0) = b(0, 1) = 1, b(2, 0) = b(0, 2) = 3, b(2, 1) = b(1, 2) = 2;
  const Mantel m = CorrelateDistances(a, b, {0, 1, 2});
  EXPECT_NEAR(*m.correlation, 0.5, 1e-12);
  // Of the 6 orders, those with correlation 0.5 or 1: half.
  EXPECT_NEAR(*m.p_value, 0.5, 0.06);
}

TEST(MantelTest, ItselfAndItsMultipleAreCorrelatedAndUnlikely) {
  const Matrix a = RandomDistances(20, 1);
  const Mantel m = CorrelateDistances(a, 3 * a, Pairs(20));
  EXPECT_NEAR(*m.correlation, 1, 1e-12);
  EXPECT_LT(*m.p_value, 0.005);
}

TEST(MantelTest, UnrelatedDistancesAreNot) {
  double sum = 0;
  for (int i = 0; i < 20; ++i) {
    const Mantel m =
        CorrelateDistances(RandomDistances(16, 2 * i), RandomDistances(16, 2 * i + 1), Pairs(16));
    EXPECT_LT(std::abs(*m.correlation), 0.5);
    sum += *m.p_value;
  }
  EXPECT_NEAR(sum / 20, 0.5, 0.25);
}

TEST(MantelTest, WhatIsNotDefinedIsAbsent) {
  EXPECT_FALSE(CorrelateDistances(Matrix::Zero(6, 6), RandomDistances(6, 1), Pairs(6)).correlation);
  const Mantel two = CorrelateDistances(RandomDistances(4, 1), RandomDistances(4, 2), Pairs(4));
  EXPECT_TRUE(two.correlation.has_value());
  EXPECT_FALSE(two.p_value.has_value());
  EXPECT_FALSE(
      CorrelateDistances(RandomDistances(2, 1), RandomDistances(2, 2), {0, 1}).correlation);
  EXPECT_FALSE(CorrelateDistances(Matrix(0, 0), Matrix(0, 0), {}).correlation);
}

TEST(MantelTest, IsDeterministic) {
  const Matrix a = RandomDistances(12, 1), b = RandomDistances(12, 2);
  EXPECT_EQ(CorrelateDistances(a, b, Pairs(12)).p_value,
            CorrelateDistances(a, b, Pairs(12)).p_value);
}

}  // namespace
}  // namespace rnnfarm::analysis
