#include "worker/dynamics/point_set.h"

#include <gtest/gtest.h>

#include <limits>

namespace rnnfarm::dynamics {
namespace {

Solved Rows(const std::vector<double>& states, const std::vector<double>& q) {
  return {torch::tensor(states, torch::kFloat64).view({static_cast<int64_t>(q.size()), -1}),
          torch::tensor(q, torch::kFloat64)};
}

torch::Tensor Range() { return torch::ones({1}, torch::kFloat64); }

TEST(PointSet, MergesCountsAndRejectsByReason) {
  PointSet set(Range(), 1e-3, 10);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(set.Add(Rows({0.1, 0.1004, 0.2, 1.5, 0.3, 0.4}, {0, 0, 0, 0, 1, nan}), 1e-20), 2);
  ASSERT_EQ(set.points().size(), 2u);
  EXPECT_EQ(set.points()[0].hits, 2);
  EXPECT_EQ(set.points()[1].hits, 1);
  EXPECT_EQ(set.starts(), 6);
  EXPECT_EQ(set.accepted(), 3);
  const std::map<std::string, int> expected = {
      {"not converged", 1}, {"not finite", 1}, {"out of range", 1}};
  EXPECT_EQ(set.rejected(), expected);
}

TEST(PointSet, EstimatesTheUnseenByChao) {
  PointSet set(Range(), 1e-3, 10);
  set.Add(Rows({0.1, 0.2, 0.3, 0.4, 0.4}, {0, 0, 0, 0, 0}), 1e-20);
  EXPECT_DOUBLE_EQ(set.EstimatedUnseen(), 9.0 / 2);
  set.Add(Rows({0.4, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3}, std::vector<double>(7, 0)), 1e-20);
  EXPECT_DOUBLE_EQ(set.EstimatedUnseen(), 0);
  PointSet once(Range(), 1e-3, 10);
  once.Add(Rows({0.1, 0.2, 0.3}, {0, 0, 0}), 1e-20);
  EXPECT_DOUBLE_EQ(once.EstimatedUnseen(), 3);
}

TEST(PointSet, StopsAtItsLimit) {
  PointSet set(Range(), 1e-3, 2);
  EXPECT_EQ(set.Add(Rows({0.1, 0.2, 0.3, 0.1}, {0, 0, 0, 0}), 1e-20), 2);
  EXPECT_EQ(set.rejected().at("beyond the limit of points"), 1);
  EXPECT_EQ(set.points()[0].hits, 2);
}

}  // namespace
}  // namespace rnnfarm::dynamics
