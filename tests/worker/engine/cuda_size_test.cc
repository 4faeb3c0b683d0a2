// What the CUDA engine says that it takes, and which design it chooses.
#include <gtest/gtest.h>

#include <vector>

#include "tests/worker/engine/host_machine.h"
#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/device_population.h"
#include "worker/engine/cuda/resident/tile.h"
#include "worker/engine/cuda/size.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cuda {
namespace {

// What a block may have of its own on compute capability 9.0 and 8.0.
constexpr BlockLimits kHopper = {227 << 10, true}, kAmpere = {163 << 10, false};

Layout LayoutFor(rnn::Architecture architecture, int units) {
  static const auto* const task = task::MakeTask(task::FlipFlop())->release();
  Plan plan;
  plan.task = task;
  rnn::CellSpec cell;
  cell.architecture = architecture;
  cell.units = units;
  cell.inputs = cell.outputs = 3;
  return LayoutOf(plan, cell);
}

TEST(SizeTest, ResidentShapesAreThoseWhoseKernelsFit) {
  using rnn::Architecture;
  for (int i = 0; i < 5; ++i) {
    const auto architecture = static_cast<Architecture>(i);
    const bool one_gate =
        architecture == Architecture::kVanilla || architecture == Architecture::kLeaky;
    const auto blocks = [&](int units, const BlockLimits& limits) {
      return ResidentBlocks(LayoutFor(architecture, units), limits);
    };
    EXPECT_EQ(blocks(32, kAmpere), 1) << i;
    EXPECT_EQ(blocks(64, kAmpere), 1) << i;
    EXPECT_EQ(blocks(128, kAmpere), one_gate ? 1 : 0) << i;
    EXPECT_EQ(blocks(128, kHopper), one_gate ? 1 : 2) << i;
    EXPECT_EQ(blocks(256, kHopper), one_gate ? 4 : 8) << i;
    EXPECT_EQ(blocks(256, {kHopper.shared_bytes, false}), 0) << i;
    EXPECT_EQ(blocks(48, kHopper), 0) << i;
    EXPECT_EQ(blocks(512, kHopper), 0) << i;
    EXPECT_EQ(blocks(64, {32 << 10, true}), 0) << i;
  }
  Layout layout = LayoutFor(Architecture::kGru, 64);
  layout.batch = kResidentRows + 1;
  EXPECT_EQ(ResidentBlocks(layout, kHopper), 0);
}

TEST(SizeTest, TheDesignFollowsFromTheShapeUnlessItIsForced) {
  const auto chosen = [](int units, Design design, bool fp32 = true) {
    Layout layout = LayoutFor(rnn::Architecture::kGru, units);
    ChooseDesign(design, fp32, kHopper, layout);
    return layout.resident ? layout.blocks : 0;
  };
  EXPECT_EQ(chosen(64, Design::kAutomatic), 1);
  EXPECT_EQ(chosen(128, Design::kAutomatic), 2);
  EXPECT_EQ(chosen(256, Design::kAutomatic), 0);
  EXPECT_EQ(chosen(256, Design::kResident), 8);
  EXPECT_EQ(chosen(48, Design::kResident), 0);
  EXPECT_EQ(chosen(64, Design::kGeneral), 0);
  EXPECT_EQ(chosen(64, Design::kAutomatic, /*fp32=*/false), 0);
}

TEST(SizeTest, TheGeneralDesignTakesAsManyNetworksAsFillADevice) {
  EXPECT_EQ(GeneralSlots(LayoutFor(rnn::Architecture::kVanilla, 64)), 256);
  EXPECT_EQ(GeneralSlots(LayoutFor(rnn::Architecture::kVanilla, 256)), 64);
  EXPECT_EQ(GeneralSlots(LayoutFor(rnn::Architecture::kLstm, 256)), 16);
  // Whatever the pack.
  const Layout layout = LayoutFor(rnn::Architecture::kLstm, 256);
  const int64_t bytes = SharedBytes(layout, false) + 16 * SlotBytes(layout, false);
  for (const int64_t networks : {1, 16, 1000}) {
    EXPECT_EQ(SlotsThatFit(layout, false, networks, 4 * bytes), 16);
  }
  EXPECT_EQ(SlotsThatFit(layout, false, 1, bytes - 1), 0);
}

TEST(SizeTest, APopulationTakesWhatIsSaid) {
  const auto task = *task::MakeTask(task::FlipFlop{2, 7, 0.1, true});
  Plan plan;
  plan.task = task.get();
  plan.batch_size = 5;
  plan.validation_trials = 9;
  const task::Trials validation = ValidationTrials(plan);
  for (int i = 0; i < 5; ++i) {
    for (const int units : {0, 32, 128}) {
      Member member;
      member.cell.architecture = static_cast<rnn::Architecture>(i);
      member.cell.units = units == 0 ? 32 : units;
      member.cell.inputs = member.cell.outputs = 2;
      member.cell.noise = 0.1;
      Layout layout = LayoutOf(plan, member.cell);
      layout.resident = units > 0;
      if (layout.resident) layout.blocks = ResidentBlocks(layout, kHopper);
      const int64_t before = HostMachine::taken;
      const DevicePopulation population(PartsUnderTest(), 0, plan, layout, {member}, 3, validation);
      EXPECT_EQ(HostMachine::taken - before, SharedBytes(layout, false) -
                                                 (layout.resident ? 0 : kWorkspaceBytes) +
                                                 3 * SlotBytes(layout, false))
          << i << " " << units;
    }
  }
}

}  // namespace
}  // namespace rnnfarm::engine::cuda
