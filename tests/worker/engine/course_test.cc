#include "worker/engine/course.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/engine/small_training.h"

namespace rnnfarm::engine {
namespace {

class CountingObserver : public Observer {
 public:
  bool OnProgress(size_t, const Progress& progress) override {
    told.push_back(progress.iteration);
    return true;
  }
  void OnCheckpoint(size_t, const Checkpoint& checkpoint) override {
    offered.push_back(checkpoint.iteration);
  }
  std::vector<int64_t> told, offered;
};

// Logged every 10 iterations, with checkpoints every 25, to 60.
class CourseTest : public SmallTraining {
 protected:
  const Member member_ = MemberOf(rnn::Architecture::kGru, rnn::Activation::kTanh, 0);
  CountingObserver observer_;
  Course course_{plan_, member_, 3, observer_};
};

INSTANTIATE_TEST_SUITE_P(NoEngine, CourseTest, testing::Values("none"), EngineName);

TEST_P(CourseTest, WhatIsDueIsDoneOnce) {
  EXPECT_TRUE(course_.validation_due());
  ASSERT_TRUE(course_.Record(0.5));
  EXPECT_FALSE(course_.Report().has_value());
  EXPECT_FALSE(course_.checkpoint_due());
  for (const int64_t due : {10, 20, 25}) {
    EXPECT_EQ(course_.NextDue(), due);
    course_.Advance(due - course_.iteration(), 2);
    EXPECT_EQ(course_.validation_due(), due == 25);
    for (int again = 0; again < 2; ++again) {
      ASSERT_TRUE(course_.Record(0.25));
      EXPECT_EQ(course_.pending_loss(), 0);
      EXPECT_FALSE(course_.validation_due());
      EXPECT_FALSE(course_.Report().has_value());
      EXPECT_EQ(course_.checkpoint_due(), due == 25 && again == 0);
      if (course_.checkpoint_due()) course_.OfferCheckpoint();
    }
  }
  EXPECT_EQ(observer_.told, (std::vector<int64_t>{10, 20, 25}));
  EXPECT_EQ(observer_.offered, (std::vector<int64_t>{25}));
  const auto& curve = course_.checkpoint().loss_curve;
  ASSERT_EQ(curve.size(), 4);
  EXPECT_EQ(curve[2].train_loss, 0.2);
  EXPECT_EQ(curve[2].validation_loss, 0.5);
  EXPECT_EQ(curve[3].train_loss, 0.4);
  EXPECT_EQ(curve[3].validation_loss, 0.25);
}

TEST_P(CourseTest, AMeanLossThatIsNotFiniteIsADivergenceThere) {
  ASSERT_TRUE(course_.Record(0.5));
  course_.Advance(10, INFINITY);
  ASSERT_FALSE(course_.Record(0));
  const Outcome outcome = course_.Diverge(course_.iteration());
  EXPECT_EQ(outcome.ending, Ending::kDiverged);
  EXPECT_EQ(outcome.diverged_at, 10);
  EXPECT_EQ(outcome.last.iteration, 0);
  EXPECT_EQ(outcome.last_finite_loss, 0.5);
}

}  // namespace
}  // namespace rnnfarm::engine
