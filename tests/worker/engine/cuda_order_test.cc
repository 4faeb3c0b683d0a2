// Threads of a block in both orders: a phase in which one reads what another writes, which a device
// would run in any order, gives other bits.
#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/worker/engine/host_machine.h"
#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/device_population.h"
#include "worker/engine/cuda/size.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cuda {
namespace {

Checkpoint Trained(rnn::Architecture architecture, int units, bool resident, bool backwards) {
  HostMachine::backwards = backwards;
  const auto task = *task::MakeTask(task::ContextIntegration{2, 5});
  Plan plan;
  plan.task = task.get();
  plan.batch_size = 9;
  plan.validation_trials = 9;
  std::vector<Member> members(2);
  for (int i = 0; i < 2; ++i) {
    members[i].cell.architecture = architecture;
    members[i].cell.units = units;
    members[i].cell.inputs = task->inputs();
    members[i].cell.outputs = task->outputs();
    members[i].cell.noise = 0.1;
    members[i].stream_key = absl::StrCat("network-", i);
    members[i].l2 = 1e-3;
    members[i].hyperparameters = {0.02, 0.5, 0.9, 1};
  }
  Layout layout = LayoutOf(plan, members[0].cell);
  layout.resident = resident;
  if (resident) layout.blocks = ResidentBlocks(layout, {int64_t{1} << 40, true});
  DevicePopulation population(PartsUnderTest(), 0, plan, layout, members, 2,
                              ValidationTrials(plan));
  for (int i = 0; i < 2; ++i) {
    const std::vector<float> parameters =
        InitialParameters(plan.base_seed, members[i].stream_key, members[i].cell);
    population.Load(i, parameters, std::vector<float>(parameters.size()));
  }
  population.Iterate({1, 1}, 0, 3, task->steps());
  Checkpoint checkpoint;
  checkpoint.pending_loss = population.Standings()[1].pending_loss;
  population.Save(1, checkpoint);
  HostMachine::backwards = false;
  return checkpoint;
}

void ExpectNoOrder(rnn::Architecture architecture, int units, bool resident) {
  SCOPED_TRACE(absl::StrCat(rnn::Name(architecture), " ", units, resident ? " resident" : ""));
  const Checkpoint forwards = Trained(architecture, units, resident, false);
  const Checkpoint backwards = Trained(architecture, units, resident, true);
  EXPECT_EQ(forwards.pending_loss, backwards.pending_loss);
  EXPECT_EQ(forwards.parameters, backwards.parameters);
  EXPECT_EQ(forwards.velocity, backwards.velocity);
}

TEST(OrderTest, NoPhaseDependsOnTheOrderOfItsThreads) {
  for (int i = 0; i < 5; ++i) {
    for (const bool resident : {false, true}) {
      ExpectNoOrder(static_cast<rnn::Architecture>(i), 32, resident);
    }
  }
}

TEST(OrderTest, NorOnThatOfTheBlocksOfACluster) {
  for (const auto architecture :
       {rnn::Architecture::kUgrnn, rnn::Architecture::kGru, rnn::Architecture::kLstm}) {
    ExpectNoOrder(architecture, 128, true);
  }
  ExpectNoOrder(rnn::Architecture::kVanilla, 256, true);
  ExpectNoOrder(rnn::Architecture::kGru, 256, true);
}

}  // namespace
}  // namespace rnnfarm::engine::cuda
