// Whole trainings on a device against the engine "cpu".
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/worker/engine/parts_under_test.h"
#include "tests/worker/engine/small_training.h"

namespace rnnfarm::engine {
namespace {

struct Case {
  const char* engine;
  Precision precision;
  // Of the losses, relative, after a hundred iterations.
  double tolerance;
};

class CudaTrainingTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (const std::string why = cuda::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  }

  Plan PlanOf(const task::Task& task) const {
    Plan plan;
    plan.task = &task;
    plan.base_seed = 3;
    plan.iterations = plan.decay_steps = 100;
    plan.log_every = 10;
    plan.checkpoint_every = 50;
    plan.validation_trials = 130;
    return plan;
  }

  static std::vector<Member> EveryCell(const task::Task& task, int units) {
    std::vector<Member> pack;
    for (int architecture = 0; architecture < 5; ++architecture) {
      for (int activation = 0; activation < 2; ++activation) {
        Member member;
        member.cell.architecture = static_cast<rnn::Architecture>(architecture);
        member.cell.activation = static_cast<rnn::Activation>(activation);
        member.cell.units = units;
        member.cell.inputs = task.inputs();
        member.cell.outputs = task.outputs();
        member.cell.noise = 0.1;
        member.stream_key = absl::StrCat("network-", architecture, "-", activation);
        member.l2 = 1e-4;
        member.hyperparameters = {0.01, 0.5, 0.9, 0.3};
        member.until_iteration = 100;
        pack.push_back(member);
      }
    }
    return pack;
  }
};

std::vector<std::unique_ptr<task::Task>> PaperTasks() {
  std::vector<std::unique_ptr<task::Task>> tasks;
  tasks.push_back(*task::MakeTask(task::FlipFlop()));
  tasks.push_back(*task::MakeTask(task::SineWave{100, 0.01, 0.05, 51}));
  tasks.push_back(*task::MakeTask(task::ContextIntegration()));
  return tasks;
}

TEST_P(CudaTrainingTest, AHundredIterationsGiveTheCpuEnginesLossCurve) {
  const auto engine = MakeEngine(GetParam().engine);
  ASSERT_TRUE(engine.ok()) << engine.status();
  const auto cpu = *MakeEngine("cpu");
  for (const auto& task : PaperTasks()) {
    Plan plan = PlanOf(*task);
    const std::vector<Member> pack = EveryCell(*task, 64);
    Recorder recorder;
    const auto expected = cpu->Train(plan, pack, 8, recorder);
    ASSERT_TRUE(expected.ok()) << expected.status();
    plan.precision = GetParam().precision;
    const auto outcomes = (*engine)->Train(plan, pack, 1, recorder);
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    for (size_t i = 0; i < pack.size(); ++i) {
      SCOPED_TRACE(absl::StrCat(pack[i].stream_key, ", inputs ", task->inputs()));
      const auto& ours = (*outcomes)[i].last.loss_curve;
      const auto& theirs = (*expected)[i].last.loss_curve;
      ASSERT_EQ(ours.size(), theirs.size());
      for (size_t k = 0; k < ours.size(); ++k) {
        EXPECT_EQ(ours[k].iteration, theirs[k].iteration);
        EXPECT_NEAR(ours[k].train_loss / theirs[k].train_loss, 1, GetParam().tolerance);
        EXPECT_NEAR(ours[k].validation_loss / theirs[k].validation_loss, 1, GetParam().tolerance);
      }
    }
  }
}

TEST_P(CudaTrainingTest, AResumedNetworkIsTheSameInAnotherPack) {
  const auto engine = MakeEngine(GetParam().engine);
  ASSERT_TRUE(engine.ok()) << engine.status();
  const auto task = *task::MakeTask(task::FlipFlop{3, 30, 0.05, true});
  Plan plan = PlanOf(*task);
  plan.precision = GetParam().precision;
  std::vector<Member> pack = EveryCell(*task, 64);
  Recorder recorder;
  const auto whole = (*engine)->Train(plan, pack, 1, recorder);
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (size_t i = 0; i < pack.size(); ++i) {
    ASSERT_FALSE(recorder.checkpoints[i].empty());
    // Behind another one of the same cell, so in another slot.
    Member other = pack[i], resumed = pack[i];
    other.stream_key += "-other";
    resumed.start = recorder.checkpoints[i].front();
    Recorder silent;
    const auto again = (*engine)->Train(plan, {other, resumed}, 1, silent);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ((*again)[1].last.parameters, (*whole)[i].last.parameters) << pack[i].stream_key;
    EXPECT_EQ((*again)[1].validation_loss, (*whole)[i].validation_loss) << pack[i].stream_key;
  }
}

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  constexpr const char* kPrecisions[] = {"fp32", "tf32", "bf16"};
  std::string name = info.param.engine;
  std::replace(name.begin(), name.end(), '-', '_');
  return absl::StrCat(name, "_", kPrecisions[static_cast<int>(info.param.precision)]);
}

// Of tf32 and bf16 the tolerances are guesses from their digits: no device has been asked yet.
INSTANTIATE_TEST_SUITE_P(Engines, CudaTrainingTest,
                         testing::Values(Case{"cuda", Precision::kFp32, 1e-4},
                                         Case{"cuda-general", Precision::kFp32, 1e-4},
                                         Case{"cuda", Precision::kTf32, 2e-2},
                                         Case{"cuda", Precision::kBf16, 1e-1}),
                         NameOf);

}  // namespace
}  // namespace rnnfarm::engine
