// What the CUDA engine says that it takes, and which design it chooses.
#include <gtest/gtest.h>

#include <vector>

#include "tests/worker/engine/host_machine.h"
#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/device_population.h"
#include "worker/engine/cuda/size.h"
#include "worker/engine/cuda/tile.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cuda {
namespace {

// What a block may have of its own on compute capability 9.0 and 8.0.
constexpr int64_t kHopper = 227 << 10, kAmpere = 163 << 10;

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
    EXPECT_TRUE(FitsResident(LayoutFor(architecture, 32), kAmpere)) << i;
    EXPECT_TRUE(FitsResident(LayoutFor(architecture, 64), kAmpere)) << i;
    EXPECT_EQ(FitsResident(LayoutFor(architecture, 128), kHopper), one_gate) << i;
    EXPECT_FALSE(FitsResident(LayoutFor(architecture, 48), kHopper)) << i;
    EXPECT_FALSE(FitsResident(LayoutFor(architecture, 256), kHopper)) << i;
    EXPECT_FALSE(FitsResident(LayoutFor(architecture, 64), 48 << 10)) << i;
  }
  Layout layout = LayoutFor(Architecture::kGru, 64);
  layout.batch = kResidentRows + 1;
  EXPECT_FALSE(FitsResident(layout, kHopper));
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
    for (const bool resident : {false, true}) {
      Member member;
      member.cell.architecture = static_cast<rnn::Architecture>(i);
      member.cell.units = 32;
      member.cell.inputs = member.cell.outputs = 2;
      member.cell.noise = 0.1;
      Layout layout = LayoutOf(plan, member.cell);
      layout.resident = resident;
      const int64_t before = HostMachine::taken;
      const DevicePopulation population(PartsUnderTest(), 0, plan, layout, {member}, 3, validation);
      EXPECT_EQ(HostMachine::taken - before, SharedBytes(layout, false) -
                                                 (resident ? 0 : kWorkspaceBytes) +
                                                 3 * SlotBytes(layout, false))
          << i << resident;
    }
  }
}

}  // namespace
}  // namespace rnnfarm::engine::cuda
