#include "analysis/transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

Matrix Random(int rows, int columns, uint64_t substream) {
  base::RandomStream stream({7, 1}, substream);
  return Matrix::NullaryExpr(rows, columns, [&] { return stream.Normal(); });
}

void ExpectPlan(const Matrix& plan) {
  EXPECT_GE(plan.minCoeff(), 0);
  EXPECT_LT((plan.rowwise().sum().array() - 1.0 / plan.rows()).abs().maxCoeff(), 1e-14);
  EXPECT_LT((plan.colwise().sum().array() - 1.0 / plan.cols()).abs().maxCoeff(), 1e-14);
}

// By trying every assignment.
double LeastAssignment(const Matrix& cost) {
  std::vector<int> order(cost.rows());
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (int i = 0; i < cost.rows(); ++i) sum += cost(i, order[i]);
    least = std::min(least, sum / cost.rows());
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

TEST(TransportTest, IsTheBestAssignmentOfAll) {
  for (int n = 1; n <= 6; ++n) {
    for (int i = 0; i < 20; ++i) {
      const Matrix cost = Random(n, n, 100 * n + i);
      const Transport found = OptimalTransport(cost);
      ExpectPlan(found.plan);
      EXPECT_EQ(found.plan.maxCoeff(), 1.0 / n);
      EXPECT_NEAR(found.cost, LeastAssignment(cost), 1e-12);
    }
  }
}

// Each point stands for equally many copies of it, so that the numbers are equal.
TEST(TransportTest, OfUnequalNumbersIsTheBestAssignmentOfCopies) {
  for (const auto& [n, m] : {std::pair{1, 5}, {2, 3}, {3, 2}, {3, 6}, {6, 2}, {2, 4}}) {
    const int common = std::lcm(n, m);
    for (int i = 0; i < 10; ++i) {
      const Matrix cost = Random(n, m, 1000 + 10 * (10 * n + m) + i);
      const Matrix copies = Matrix::NullaryExpr(
          common, common, [&](int k, int l) { return cost(k / (common / n), l / (common / m)); });
      const Transport found = OptimalTransport(cost);
      ExpectPlan(found.plan);
      EXPECT_NEAR(found.cost, LeastAssignment(copies), 1e-12);
    }
  }
}

// On a line sorted points go to sorted points.
TEST(TransportTest, OnALineKeepsTheOrder) {
  for (int n : {1, 27, 60}) {
    Vector x = Random(n, 1, 1), y = Random(n, 1, 2);
    const Matrix cost =
        Matrix::NullaryExpr(n, n, [&](int i, int j) { return (x[i] - y[j]) * (x[i] - y[j]); });
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    EXPECT_NEAR(OptimalTransport(cost).cost, (x - y).squaredNorm() / n, 1e-12);
  }
}

TEST(TransportTest, TiesAndExtremeCostsStillGiveAPlan) {
  for (const auto& [n, m] : {std::pair{27, 27}, {27, 26}, {50, 49}, {1, 1}, {1, 60}, {60, 1}}) {
    ExpectPlan(OptimalTransport(Matrix::Zero(n, m)).plan);
    ExpectPlan(OptimalTransport(Matrix::Constant(n, m, -3)).plan);
    ExpectPlan(OptimalTransport(Random(n, m, 5).array().sign().matrix()).plan);
    ExpectPlan(OptimalTransport(1e150 * Random(n, m, 6)).plan);
    ExpectPlan(OptimalTransport(1e-150 * Random(n, m, 7)).plan);
  }
}

TEST(TransportTest, IsSymmetricAndTheSameEveryTime) {
  const Matrix cost = Random(50, 45, 8);
  EXPECT_EQ(OptimalTransport(cost).plan, OptimalTransport(cost).plan);
  EXPECT_NEAR(OptimalTransport(cost).cost, OptimalTransport(cost.transpose()).cost, 1e-13);
}

}  // namespace
}  // namespace rnnfarm::analysis
