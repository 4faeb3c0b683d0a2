#include "coordinator/scheduler/cost.h"

#include <gtest/gtest.h>

namespace rnnfarm::scheduler {
namespace {

TEST(Measured, JobsOfNoKnownOperationsLeaveTheRateAlone) {
  Measured measured;
  const double nominal = measured.SecondsPerOperation();
  measured.Add(absl::Seconds(8), /*operations=*/0);
  EXPECT_EQ(measured.Mean(), absl::Seconds(8));
  EXPECT_FALSE(measured.Scales(1));
  EXPECT_EQ(measured.SecondsPerOperation(), nominal);
  measured.Add(absl::Seconds(2), /*operations=*/100);
  EXPECT_EQ(measured.Mean(), absl::Seconds(5));
  EXPECT_DOUBLE_EQ(measured.SecondsPerOperation(), 0.02);
  Measured both = measured;
  both.Add(measured);
  EXPECT_DOUBLE_EQ(both.SecondsPerOperation(), 0.02);
  // A hundred operations a job: a thousandfold away is too far.
  EXPECT_TRUE(both.Scales(0.2));
  EXPECT_TRUE(both.Scales(90'000));
  EXPECT_FALSE(both.Scales(0.05));
  EXPECT_FALSE(both.Scales(110'000));
}

}  // namespace
}  // namespace rnnfarm::scheduler
