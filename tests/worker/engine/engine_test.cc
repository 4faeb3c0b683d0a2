#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/engine/small_training.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/sequence_loss.h"

namespace rnnfarm::engine {
namespace {

using testing::HasSubstr;

class EngineTest : public SmallTraining {};

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, testing::Values("reference", "cpu"), EngineName);

TEST_P(EngineTest, TheBytesDependNeitherOnPackNorOnThreads) {
  const std::vector<Member> pack = EveryCell();
  const std::vector<Outcome> together = Train(pack, 3);
  for (size_t i = 0; i < pack.size(); ++i) {
    const Outcome alone = Train({pack[i]})[0];
    EXPECT_EQ(alone.ending, Ending::kTrained) << pack[i].stream_key;
    EXPECT_EQ(Bytes(pack[i], together[i].last), Bytes(pack[i], alone.last)) << pack[i].stream_key;
    EXPECT_EQ(together[i].validation_loss, alone.validation_loss);
  }
}

TEST_P(EngineTest, CutAnywhereAndResumedGivesTheSameBytes) {
  for (const Member& member : EveryCell()) {
    Recorder whole_recorder;
    const Outcome whole = Train({member}, 1, whole_recorder)[0];
    const auto& checkpoints = whole_recorder.checkpoints[0];
    ASSERT_EQ(checkpoints.size(), 2);  // 25 and 50; what it ends with is the outcome
    EXPECT_EQ(checkpoints[0].iteration, 25);

    // A search's rung, an observer that stops it, and a checkpoint that went through a file.
    Member part = member;
    part.until_iteration = 17;
    const Outcome rung = Train({part})[0];
    EXPECT_EQ(rung.ending, Ending::kTrained);
    part.start = rung.last;
    part.until_iteration = plan_.iterations;
    Recorder stopper(40);
    const Outcome stopped = Train({part}, 1, stopper)[0];
    EXPECT_EQ(stopped.ending, Ending::kStopped);
    EXPECT_EQ(stopped.last.iteration, 40);
    EXPECT_EQ(stopped.validation_loss, stopped.last.loss_curve.back().validation_loss)
        << "a stopped network is not measured";
    part.start = *DecodeCheckpoint(member.cell, Bytes(member, stopped.last), "stopped");
    const Outcome resumed = Train({part})[0];
    EXPECT_EQ(Bytes(member, resumed.last), Bytes(member, whole.last)) << member.stream_key;
    EXPECT_EQ(resumed.validation_loss, whole.validation_loss);

    part.start = checkpoints[1];
    EXPECT_EQ(Bytes(member, Train({part})[0].last), Bytes(member, whole.last));
  }
}

TEST_P(EngineTest, TheCurveHasItsPointsAndItsLastOneIsTheOutcome) {
  const Member member = MemberOf(rnn::Architecture::kGru, rnn::Activation::kTanh, 0);
  const Outcome outcome = Train({member})[0];
  std::vector<int64_t> iterations;
  for (const rnn::LossPoint& point : outcome.last.loss_curve) {
    iterations.push_back(point.iteration);
  }
  EXPECT_EQ(iterations, (std::vector<int64_t>{0, 10, 20, 25, 30, 40, 50, 60}));
  const auto& curve = outcome.last.loss_curve;
  EXPECT_EQ(curve.back().validation_loss, outcome.validation_loss);
  EXPECT_EQ(curve[1].validation_loss, curve[0].validation_loss);
  EXPECT_NE(curve[3].validation_loss, curve[2].validation_loss);
  EXPECT_EQ(outcome.last.pending_loss, 0);
}

TEST_P(EngineTest, ADivergedNetworkLeavesTheOthersAlone) {
  Member wild = MemberOf(rnn::Architecture::kVanilla, rnn::Activation::kRelu, 0);
  wild.hyperparameters = {1e3, 1, 0.9, 10};
  const Member calm = MemberOf(rnn::Architecture::kVanilla, rnn::Activation::kTanh, 1);
  const std::vector<Outcome> outcomes = Train({wild, calm}, 1);
  EXPECT_EQ(outcomes[0].ending, Ending::kDiverged);
  EXPECT_LT(outcomes[0].diverged_at, plan_.iterations);
  EXPECT_TRUE(std::isfinite(outcomes[0].last_finite_loss));
  EXPECT_GT(outcomes[0].last_finite_loss, 0);
  EXPECT_EQ(Bytes(calm, outcomes[1].last), Bytes(calm, Train({calm})[0].last));
}

TEST_P(EngineTest, ADivergenceIsToldAlikeWhereverTrainingWasCut) {
  plan_.iterations = plan_.decay_steps = 1000;
  // The L2 step overshoots: every parameter changes sign and grows by a tenth or more an iteration.
  Member member = MemberOf(rnn::Architecture::kVanilla, rnn::Activation::kTanh, 0);
  member.l2 = 105;
  member.hyperparameters = {0.01, 1, 0, 1e30};
  const Outcome whole = Train({member})[0];
  ASSERT_EQ(whole.ending, Ending::kDiverged);
  ASSERT_GT(whole.diverged_at, 60);
  ASSERT_LT(whole.diverged_at, plan_.iterations);
  EXPECT_EQ(whole.last.iteration, whole.last.loss_curve.back().iteration);
  EXPECT_LE(whole.diverged_at - whole.last.iteration, plan_.log_every);
  EXPECT_EQ(whole.last_finite_loss, whole.last.loss_curve.back().train_loss);

  for (const int64_t cut : {17, 40, 55}) {
    Member part = member;
    part.until_iteration = cut;
    part.start = Train({part})[0].last;
    ASSERT_EQ(part.start.iteration, cut);
    part.until_iteration = plan_.iterations;
    const Outcome resumed = Train({part})[0];
    EXPECT_EQ(resumed.ending, Ending::kDiverged);
    EXPECT_EQ(resumed.diverged_at, whole.diverged_at);
    EXPECT_EQ(resumed.validation_loss, whole.validation_loss);
    EXPECT_EQ(resumed.last_finite_loss, whole.last_finite_loss);
    EXPECT_EQ(resumed.last.iteration, whole.last.iteration);
    EXPECT_EQ(resumed.last.parameters, whole.last.parameters);
    ASSERT_EQ(resumed.last.loss_curve.size(), whole.last.loss_curve.size());
    EXPECT_EQ(resumed.last.loss_curve.back().train_loss, whole.last.loss_curve.back().train_loss);
  }
}

// One iteration, from the checkpoints on both sides of it: v = m v + s (g + 2 l2 θ), θ -= lr v,
// where s shortens the whole sum to the clip.
TEST_P(EngineTest, AnIterationIsTheStatedUpdate) {
  Member member = MemberOf(rnn::Architecture::kVanilla, rnn::Activation::kTanh, 0);
  member.hyperparameters = {0.05, 0.25, 0.5, 0.01};
  member.l2 = 0.25;
  plan_.decay_steps = 8;
  const auto at = [&](int64_t iteration) {
    member.until_iteration = iteration;
    return Train({member})[0].last;
  };
  const Checkpoint before = at(4), after = at(5);
  const double rate = 0.05 * std::pow(0.25, 4 / 8.0);
  const task::Trials trials =
      task_->Generate(base::DeriveStream(plan_.base_seed, member.stream_key, "trials"),
                      4 * plan_.batch_size, plan_.batch_size, StepsAt(plan_, 4));
  const torch::Tensor theta =
      torch::tensor(torch::ArrayRef<float>(before.parameters.data(), before.parameters.size()));
  const torch::Tensor sum =
      GradientByAutograd(member.cell, theta, BatchOf(trials, 0, trials.count)).gradient +
      2 * member.l2 * theta;
  ASSERT_GT(sum.norm().item<double>(), 1) << "the sum is longer than the clip";
  const torch::Tensor step = sum * (0.01 / sum.norm().item<double>());
  for (size_t i = 0; i < after.velocity.size(); ++i) {
    const double velocity = 0.5 * before.velocity[i] + step[i].item<double>();
    EXPECT_NEAR(after.velocity[i], velocity, 1e-7) << i;
    EXPECT_NEAR(after.parameters[i], before.parameters[i] - rate * after.velocity[i], 1e-6);
  }
}

// With a vanishing rate and no momentum, the L2 term alone tells two velocities apart.
TEST_P(EngineTest, L2PullsEveryParameter) {
  Member member = MemberOf(rnn::Architecture::kLstm, rnn::Activation::kTanh, 0);
  member.hyperparameters = {1e-12, 1, 0, 1e9};
  member.until_iteration = 1;
  member.l2 = 0;
  const Checkpoint without = Train({member})[0].last;
  member.l2 = 0.25;
  const Checkpoint with = Train({member})[0].last;
  for (size_t i = 0; i < with.velocity.size(); ++i) {
    EXPECT_NEAR(with.velocity[i] - without.velocity[i], 0.5 * without.parameters[i], 1e-5) << i;
  }
}

TEST_P(EngineTest, TheUntrainedStateIsTheStartOfTraining) {
  Member member = MemberOf(rnn::Architecture::kGru, rnn::Activation::kRelu, 3);
  member.until_iteration = 0;
  const Outcome outcome = Train({member})[0];
  EXPECT_EQ(outcome.last.parameters,
            InitialParameters(plan_.base_seed, member.stream_key, member.cell));
  EXPECT_GT(outcome.validation_loss, 0);
}

TEST_P(EngineTest, ASmallFlipFlopIsLearnt) {
  const auto task = *task::MakeTask(task::FlipFlop{2, 30, 0.1, true});
  plan_.task = task.get();
  plan_.iterations = plan_.decay_steps = 400;
  plan_.batch_size = 32;
  plan_.curriculum.clear();
  std::vector<Member> pack;
  for (const auto architecture : {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn,
                                  rnn::Architecture::kGru, rnn::Architecture::kLstm}) {
    pack.push_back(MemberOf(architecture, rnn::Activation::kTanh, 0));
    pack.back().cell.units = 16;
    pack.back().l2 = 1e-5;
    pack.back().hyperparameters = {0.1, 0.5, 0.9, 1};
  }
  for (const Outcome& outcome : Train(pack, 2)) {
    EXPECT_LT(outcome.validation_loss, outcome.last.loss_curve.front().validation_loss / 10);
  }
}

TEST_P(EngineTest, WrongArgumentsAreRefusedWithFieldAndLimit) {
  const Member good = MemberOf(rnn::Architecture::kGru, rnn::Activation::kTanh, 0);
  const auto refusal = [&](const Member& member) {
    Recorder recorder;
    const auto outcomes = TryTrain({member}, 1, recorder);
    EXPECT_EQ(outcomes.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(outcomes.status().message());
  };
  Member bad = good;
  bad.cell.inputs = 3;
  EXPECT_THAT(refusal(bad), HasSubstr("3 inputs and 2 outputs, the task 2 and 2"));
  bad = good;
  bad.until_iteration = 61;
  EXPECT_THAT(refusal(bad), HasSubstr("until_iteration is 61; expected 0 (the start) to 60"));
  bad = good;
  bad.start.iteration = 10;
  EXPECT_THAT(refusal(bad), HasSubstr("the start has 0 parameters"));
  bad = good;
  bad.hyperparameters.momentum = 1.5;
  EXPECT_THAT(refusal(bad), HasSubstr("momentum"));
  plan_.curriculum = {{10, 0.5}};
  EXPECT_THAT(refusal(good), HasSubstr("shares add up to 0.5; expected 1"));
  plan_.curriculum = {{21, 1}};
  EXPECT_THAT(refusal(good), HasSubstr("21 steps; expected 1 to the task's 20"));
  plan_.curriculum.clear();
  plan_.batch_size = 0;
  EXPECT_THAT(refusal(good), HasSubstr("batch_size is 0; expected 1 or more"));
}

TEST_P(EngineTest, ACheckpointOfAnotherShapeIsRefused) {
  Member member = MemberOf(rnn::Architecture::kUgrnn, rnn::Activation::kTanh, 0);
  member.until_iteration = 10;
  member.start = Train({member})[0].last;
  member.cell.units = 13;
  Recorder recorder;
  const absl::Status refused = TryTrain({member}, 1, recorder).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  // G (N M + N N + N) + K N + K + N
  EXPECT_THAT(std::string(refused.message()),
              testing::AllOf(HasSubstr("ugrnn-tanh-s0: the start has 398 parameters"),
                             HasSubstr("expected 457, 457")));
}

TEST(MakeEngineTest, AnUnknownEngineIsRefusedWithTheListOfThem) {
  const absl::Status refused = MakeEngine("gpu").status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("use one of: cpu, reference, cuda"));
}

TEST(ScheduleTest, TheCurriculumSharesTheIterations) {
  const auto task = *task::MakeTask(task::FlipFlop{2, 20, 0.1, true});
  Plan plan;
  plan.task = task.get();
  plan.iterations = 60;
  plan.curriculum = {{10, 0.5}, {20, 0.5}};
  EXPECT_EQ(StepsAt(plan, 0), 10);
  EXPECT_EQ(StepsAt(plan, 29), 10);
  EXPECT_EQ(StepsAt(plan, 30), 20);
  EXPECT_EQ(StepsAt(plan, 59), 20);
  EXPECT_EQ(StageEnd(plan, 0), 30);
  EXPECT_EQ(StageEnd(plan, 29), 30);
  EXPECT_EQ(StageEnd(plan, 30), 60);
  plan.curriculum.clear();
  EXPECT_EQ(StepsAt(plan, 0), 20);
  EXPECT_EQ(StageEnd(plan, 0), 60);
}

}  // namespace
}  // namespace rnnfarm::engine
