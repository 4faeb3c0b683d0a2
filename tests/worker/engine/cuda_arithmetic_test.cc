// The CUDA engine's kernels against the engine "cpu": every cell, activation and task, both
// designs. Their statements run on the processor too, so that most of this needs no device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cpu/cpu_learner.h"
#include "worker/engine/cpu/kernels.h"
#include "worker/engine/cuda/device_population.h"
#include "worker/engine/cuda/resident/tile.h"
#include "worker/engine/cuda/size.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cuda {
namespace {

using rnn::Activation;
using rnn::Architecture;

std::string DatasetBytes() {
  constexpr int64_t kTrials = 5, kSteps = 7;
  const auto array = [](int64_t channels, float scale, bool positive) {
    std::vector<float> values(kTrials * kSteps * channels);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = scale * std::sin(1.3f * static_cast<float>(i * i % 101));
      if (positive) values[i] = std::abs(values[i]);
    }
    return base::Array::Of<float>({kTrials, kSteps, channels}, values);
  };
  base::Archive archive;
  archive.Add("inputs", array(2, 1, false));
  archive.Add("targets", array(3, 0.7f, false));
  archive.Add("mask", array(3, 1, true));
  return *archive.Encode();
}

// One kind of each task, short.
std::vector<std::unique_ptr<task::Task>> EveryTask() {
  std::vector<std::unique_ptr<task::Task>> tasks;
  tasks.push_back(*task::MakeTask(task::FlipFlop{3, 9, 0.2, true}));
  tasks.push_back(*task::MakeTask(task::SineWave{8, 0.01, 0.05, 5}));
  tasks.push_back(*task::MakeTask(task::ContextIntegration{2, 7}));
  tasks.push_back(*task::MakeTask(task::Dataset{DatasetBytes(), "test"}));
  return tasks;
}

struct Shape {
  Architecture architecture;
  Activation activation;
  bool resident;
  int units;
  int batch;
};

class ArithmeticTest : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  }

  Plan PlanOf(const task::Task& task) const {
    Plan plan;
    plan.task = &task;
    plan.base_seed = 11;
    plan.iterations = plan.decay_steps = 10;
    plan.batch_size = GetParam().batch;
    plan.validation_trials = 2 * GetParam().batch + 1;
    return plan;
  }

  Member MemberOf(const task::Task& task, int seed) const {
    Member member;
    member.cell.architecture = GetParam().architecture;
    member.cell.activation = GetParam().activation;
    member.cell.units = GetParam().units;
    member.cell.inputs = task.inputs();
    member.cell.outputs = task.outputs();
    member.cell.noise = 0.3;
    member.stream_key = absl::StrCat("network-", seed);
    member.l2 = 1e-3 * seed;
    member.hyperparameters = {0.03 * (1 + seed), 0.5, 0.9, 0.8};
    member.until_iteration = 10;
    return member;
  }

  DevicePopulation MakePopulation(const Plan& plan, const std::vector<Member>& members,
                                  int64_t slots, const task::Trials& validation) const {
    Layout layout = LayoutOf(plan, members[0].cell);
    layout.resident = GetParam().resident;
    if (layout.resident) layout.blocks = ResidentBlocks(layout, LimitsUnderTest());
    EXPECT_GT(layout.blocks, 0);
    return DevicePopulation(PartsUnderTest(), 0, plan, layout, members, slots, validation);
  }

  static void LoadInitial(const Plan& plan, const Member& member, int slot,
                          Population& population) {
    const std::vector<float> parameters =
        InitialParameters(plan.base_seed, member.stream_key, member.cell);
    population.Load(slot, parameters, std::vector<float>(parameters.size()));
  }
};

// Relative to the largest.
double LargestDifference(const std::vector<float>& one, const std::vector<float>& other) {
  double difference = 0, largest = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    difference = std::max<double>(difference, std::abs(one[i] - other[i]));
    largest = std::max<double>(largest, std::abs(other[i]));
  }
  return difference / largest;
}

TEST_P(ArithmeticTest, IterationsAreTheCpuEngines) {
  constexpr int kIterations = 3;
  for (const auto& task : EveryTask()) {
    const Plan plan = PlanOf(*task);
    const task::Trials validation = ValidationTrials(plan);
    const std::vector<Member> members = {MemberOf(*task, 0), MemberOf(*task, 1)};
    DevicePopulation population = MakePopulation(plan, members, 3, validation);
    for (int i = 0; i < 2; ++i) LoadInitial(plan, members[i], i, population);
    const std::vector<double> before = population.ValidationLosses();
    // The last in an iteration with fewer steps, as a curriculum has.
    population.Iterate({1, 1}, 0, kIterations - 1, task->steps());
    const int fewer = task->steps() - 2;
    population.Iterate({1, 1}, kIterations - 1, 1, fewer);
    const std::vector<Standing> standings = population.Standings();
    const std::vector<double> after = population.ValidationLosses();

    Plan shorter = plan;
    shorter.curriculum = {{task->steps(), 0.2}, {fewer, 0.8}};
    for (int i = 0; i < 2; ++i) {
      SCOPED_TRACE(absl::StrCat(members[i].stream_key, ", inputs ", task->inputs()));
      cpu::CpuLearner learner(*cpu::UsableKernels().front(), shorter, members[i], validation);
      EXPECT_NEAR(before[i] / learner.ValidationLoss(), 1, 1e-5);
      double pending = 0;
      for (int t = 0; t < kIterations; ++t) pending += *learner.Iterate(t);
      EXPECT_NEAR(standings[i].pending_loss / pending, 1, 1e-5);
      EXPECT_EQ(standings[i].diverged_at, -1);
      EXPECT_NEAR(after[i] / learner.ValidationLoss(), 1, 1e-4);
      Checkpoint ours, theirs;
      population.Save(i, ours);
      learner.Save(theirs);
      // The velocity is what the gradients add up to.
      EXPECT_LT(LargestDifference(ours.velocity, theirs.velocity), 1e-4);
      EXPECT_LT(LargestDifference(ours.parameters, theirs.parameters), 1e-5);
    }
  }
}

TEST_P(ArithmeticTest, WhatASlotComesToDependsOnItsMemberAlone) {
  const auto task = *task::MakeTask(task::FlipFlop{2, 6, 0.2, true});
  const Plan plan = PlanOf(*task);
  const task::Trials validation = ValidationTrials(plan);
  const std::vector<Member> members = {MemberOf(*task, 0), MemberOf(*task, 1), MemberOf(*task, 2)};
  DevicePopulation together = MakePopulation(plan, members, 4, validation);
  for (int i = 0; i < 3; ++i) LoadInitial(plan, members[i], i, together);
  // The third one catches up.
  together.Iterate({1, 1, 0}, 0, 2, task->steps());
  together.Standings();
  together.Iterate({0, 0, 1}, 0, 2, task->steps());
  together.ValidationLosses();
  together.Iterate({1, 1, 1}, 2, 1, task->steps());
  for (int i = 0; i < 3; ++i) {
    // A library's products are the same for one and the same number of slots alone.
    const int slots = GetParam().resident ? 1 : 4;
    DevicePopulation alone = MakePopulation(plan, {members[i]}, slots, validation);
    LoadInitial(plan, members[i], 0, alone);
    alone.Iterate({1}, 0, 3, task->steps());
    EXPECT_EQ(alone.Standings()[0].pending_loss, together.Standings()[i].pending_loss);
    Checkpoint one, other;
    alone.Save(0, one);
    together.Save(i, other);
    EXPECT_EQ(one.parameters, other.parameters) << i;
    EXPECT_EQ(one.velocity, other.velocity) << i;
  }
}

TEST_P(ArithmeticTest, ADivergedSlotStandsStillAndDisturbsNobody) {
  const auto task = *task::MakeTask(task::FlipFlop{2, 6, 0.2, true});
  const Plan plan = PlanOf(*task);
  const task::Trials validation = ValidationTrials(plan);
  std::vector<Member> members = {MemberOf(*task, 0), MemberOf(*task, 1)};
  members[1].hyperparameters = {1e38, 1, 0, 1e38};
  DevicePopulation population = MakePopulation(plan, members, 2, validation);
  for (int i = 0; i < 2; ++i) LoadInitial(plan, members[i], i, population);
  population.Iterate({1, 1}, 0, 4, task->steps());
  const std::vector<Standing> standings = population.Standings();
  EXPECT_EQ(standings[0].diverged_at, -1);
  cpu::CpuLearner learner(*cpu::UsableKernels().front(), plan, members[1], validation);
  int64_t t = 0;
  while (learner.Iterate(t).has_value()) ++t;
  EXPECT_EQ(standings[1].diverged_at, t);
}

// Left out by name, because a test that is skipped would hide that others fail.
bool IsOfNoDeviceHere(const Shape& shape) {
  if (!shape.resident || !WhyNot().empty()) return false;
  Layout layout;
  layout.architecture = shape.architecture;
  layout.units = shape.units;
  rnn::CellSpec cell;
  cell.architecture = shape.architecture;
  layout.gates = cell.gates();
  layout.batch = shape.batch;
  layout.head = kMostResidentHead;
  layout.row = layout.head + layout.units;
  layout.outputs = 3;
  return ResidentBlocks(layout, LimitsUnderTest()) == 0;
}

std::vector<Shape> EveryShape() {
  std::vector<Shape> shapes;
  for (const Architecture architecture :
       {Architecture::kVanilla, Architecture::kUgrnn, Architecture::kGru, Architecture::kLstm,
        Architecture::kLeaky}) {
    for (const Activation activation : {Activation::kTanh, Activation::kRelu}) {
      shapes.push_back({architecture, activation, false, 13, 5});
      shapes.push_back({architecture, activation, true, 32, 64});
    }
    shapes.push_back({architecture, Activation::kTanh, false, 16, 7});
    shapes.push_back({architecture, Activation::kTanh, true, 64, 19});
  }
  shapes.push_back({Architecture::kVanilla, Activation::kTanh, true, 128, 33});
  shapes.push_back({Architecture::kLeaky, Activation::kRelu, true, 128, 64});
  // In several blocks.
  shapes.push_back({Architecture::kUgrnn, Activation::kRelu, true, 128, 33});
  shapes.push_back({Architecture::kGru, Activation::kTanh, true, 128, 64});
  shapes.push_back({Architecture::kLstm, Activation::kTanh, true, 128, 19});
  shapes.push_back({Architecture::kVanilla, Activation::kTanh, true, 256, 33});
  shapes.push_back({Architecture::kLeaky, Activation::kRelu, true, 256, 19});
  shapes.push_back({Architecture::kUgrnn, Activation::kTanh, true, 256, 64});
  shapes.push_back({Architecture::kGru, Activation::kRelu, true, 256, 19});
  shapes.push_back({Architecture::kLstm, Activation::kTanh, true, 256, 33});
  shapes.erase(std::remove_if(shapes.begin(), shapes.end(), IsOfNoDeviceHere), shapes.end());
  return shapes;
}

std::string NameOf(const testing::TestParamInfo<Shape>& info) {
  const Shape& shape = info.param;
  return absl::StrCat(rnn::Name(shape.architecture), "_", rnn::Name(shape.activation), "_",
                      shape.resident ? "resident" : "general", "_", shape.units, "_", shape.batch);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ArithmeticTest, testing::ValuesIn(EveryShape()), NameOf);

}  // namespace
}  // namespace rnnfarm::engine::cuda
