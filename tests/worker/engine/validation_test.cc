#include "worker/engine/validation.h"

#include <gtest/gtest.h>

#include "worker/task/task.h"

namespace rnnfarm::engine {
namespace {

double LossOf(const task::TaskSpec& spec) {
  const auto task = task::MakeTask(spec);
  EXPECT_TRUE(task.ok()) << task.status();
  Plan plan;
  plan.task = task->get();
  plan.base_seed = 3;
  plan.validation_trials = 4000;
  return ZeroOutputLoss(plan);
}

TEST(ZeroOutput, ScoresTheMeanSquareOfTheTarget) {
  // Targets are ±1 from the first step on.
  EXPECT_EQ(LossOf(task::FlipFlop{}), 1);
  // Integrated noise has E[y_t²] = t + t² / 3, on average over 30 steps 120.6.
  EXPECT_NEAR(LossOf(task::ContextIntegration{}), 120.6, 6);
}

}  // namespace
}  // namespace rnnfarm::engine
