// The CUDA engine as a whole, on what parts_under_test.h gives.
#include "worker/engine/cuda/cuda_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/worker/engine/parts_under_test.h"
#include "tests/worker/engine/small_training.h"

namespace rnnfarm::engine::cuda {
namespace {

using testing::HasSubstr;

// Beside Recorder's, which of its members failed and why.
class Failures : public Recorder {
 public:
  void OnEnd(size_t member, const Outcome&) override { ended.insert(member); }
  void OnFailure(size_t member, const absl::Status& failure) override {
    failures[member] = failure;
  }
  std::set<size_t> ended;
  std::map<size_t, absl::Status> failures;
};

class CudaEngineTest : public testing::Test {
 protected:
  CudaEngineTest() : task_(*task::MakeTask(task::FlipFlop{2, 12, 0.1, true})) {
    plan_.task = task_.get();
    plan_.base_seed = 5;
    plan_.iterations = plan_.decay_steps = 12;
    plan_.batch_size = 8;
    plan_.validation_trials = 20;
    plan_.checkpoint_every = 5;
    plan_.log_every = 3;
    plan_.curriculum = {{6, 0.5}, {12, 0.5}};
  }

  void SetUp() override {
    if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  }

  static Backend BackendOf(MakeParts make) {
    Backend backend;
    backend.make = make;
    backend.block = LimitsUnderTest();
    backend.free_bytes = [] { return int64_t{1} << 30; };
    return backend;
  }
  static std::unique_ptr<Engine> Make(Limits limits = {}, Design design = Design::kAutomatic) {
    return MakeCudaEngine(limits, design, BackendOf(PartsUnderTest()));
  }

  Member MemberOf(rnn::Architecture architecture, int units, int seed) const {
    Member member;
    member.cell.architecture = architecture;
    member.cell.units = units;
    member.cell.inputs = task_->inputs();
    member.cell.outputs = task_->outputs();
    member.stream_key = absl::StrCat("network-", units, "-", seed);
    member.l2 = 1e-4;
    member.hyperparameters = {0.02 * seed, 0.5, 0.9, 1};
    member.until_iteration = 12;
    return member;
  }
  // Of one shape.
  std::vector<Member> PackOf(int units, int count) const {
    std::vector<Member> pack;
    for (int i = 0; i < count; ++i) pack.push_back(MemberOf(rnn::Architecture::kGru, units, i + 1));
    return pack;
  }

  std::unique_ptr<task::Task> task_;
  Plan plan_;
};

void ExpectSame(const Outcome& one, const Outcome& other) {
  EXPECT_EQ(one.ending, other.ending);
  EXPECT_EQ(one.last.iteration, other.last.iteration);
  EXPECT_EQ(one.last.parameters, other.last.parameters);
  EXPECT_EQ(one.last.velocity, other.last.velocity);
  EXPECT_EQ(one.validation_loss, other.validation_loss);
  EXPECT_EQ(one.last.loss_curve.size(), other.last.loss_curve.size());
}

TEST_F(CudaEngineTest, TrainsLikeTheCpuEngine) {
  std::vector<Member> pack = PackOf(32, 2);
  pack.push_back(MemberOf(rnn::Architecture::kLstm, 12, 3));
  pack.push_back(MemberOf(rnn::Architecture::kVanilla, 64, 4));
  Failures ours, theirs;
  const auto outcomes = Make()->Train(plan_, pack, 1, ours);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  const auto expected = (*MakeEngine("cpu"))->Train(plan_, pack, 1, theirs);
  ASSERT_TRUE(expected.ok()) << expected.status();
  EXPECT_EQ(ours.ended, (std::set<size_t>{0, 1, 2, 3}));
  for (size_t i = 0; i < pack.size(); ++i) {
    EXPECT_EQ((*outcomes)[i].ending, Ending::kTrained);
    EXPECT_NEAR((*outcomes)[i].validation_loss / (*expected)[i].validation_loss, 1, 1e-4);
    const auto& curve = (*outcomes)[i].last.loss_curve;
    const auto& other = (*expected)[i].last.loss_curve;
    ASSERT_EQ(curve.size(), other.size());
    for (size_t k = 0; k < curve.size(); ++k) {
      EXPECT_EQ(curve[k].iteration, other[k].iteration);
      EXPECT_NEAR(curve[k].train_loss / other[k].train_loss, 1, 1e-4);
    }
    ASSERT_EQ(ours.checkpoints[i].size(), theirs.checkpoints[i].size());
    EXPECT_EQ(ours.checkpoints[i][0].iteration, theirs.checkpoints[i][0].iteration);
  }
}

TEST_F(CudaEngineTest, APackThatDoesNotFitAtOnceIsTrainedInParts) {
  for (const int units : {32, 12}) {
    const std::vector<Member> pack = PackOf(units, 5);
    Failures recorder;
    const auto whole = Make()->Train(plan_, pack, 1, recorder);
    ASSERT_TRUE(whole.ok()) << whole.status();
    Layout layout = LayoutOf(plan_, pack[0].cell);
    layout.resident = units == 32;
    const int64_t slots = layout.resident ? 2 : GeneralSlots(layout);
    Limits limits;
    limits.memory_bytes = SharedBytes(layout, false) + slots * SlotBytes(layout, false);
    const auto parts = Make(limits)->Train(plan_, pack, 1, recorder);
    ASSERT_TRUE(parts.ok()) << parts.status();
    for (size_t i = 0; i < pack.size(); ++i) ExpectSame((*parts)[i], (*whole)[i]);

    limits.memory_bytes /= 3;
    Failures failures;
    const auto refused = Make(limits)->Train(plan_, pack, 1, failures);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("of the device"));
    EXPECT_EQ(failures.failures.size(), pack.size());
  }
}

TEST_F(CudaEngineTest, AResumedNetworkIsTheSame) {
  const std::vector<Member> pack = PackOf(32, 2);
  Failures recorder;
  const auto whole = Make()->Train(plan_, pack, 1, recorder);
  ASSERT_TRUE(whole.ok()) << whole.status();
  std::vector<Member> again = {pack[1], pack[0]};
  again[0].start = recorder.checkpoints[1][0];
  Failures silent;
  const auto resumed = Make()->Train(plan_, again, 1, silent);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  ExpectSame((*resumed)[0], (*whole)[1]);
  ExpectSame((*resumed)[1], (*whole)[0]);
}

TEST_F(CudaEngineTest, OneDesignCanBeForced) {
  Failures recorder;
  const std::vector<Member> small = PackOf(12, 1);
  const auto refused = Make({}, Design::kResident)->Train(plan_, small, 1, recorder);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("use --engine=cuda"));
  const std::vector<Member> pack = PackOf(32, 1);
  const auto resident = Make({}, Design::kResident)->Train(plan_, pack, 1, recorder);
  const auto general = Make({}, Design::kGeneral)->Train(plan_, pack, 1, recorder);
  ASSERT_TRUE(resident.ok() && general.ok());
  EXPECT_NEAR((*resident)[0].validation_loss / (*general)[0].validation_loss, 1, 1e-4);
}

TEST_F(CudaEngineTest, WhatADeviceRefusesIsToldOfEveryMember) {
  const std::vector<Member> pack = PackOf(32, 3);
  Failures recorder;
  const auto failed =
      MakeCudaEngine(
          {}, Design::kAutomatic,
          BackendOf([](int, const Layout&, Rounding, const Trials&,
                       std::vector<Slot>) -> std::unique_ptr<Parts> { throw std::bad_alloc(); }))
          ->Train(plan_, pack, 1, recorder);
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(recorder.failures.size(), 3);
  EXPECT_TRUE(recorder.ended.empty());
}

}  // namespace
}  // namespace rnnfarm::engine::cuda
