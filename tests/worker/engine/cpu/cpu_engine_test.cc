#include "worker/engine/cpu/cpu_engine.h"

#include <gtest/gtest.h>

#include "tests/worker/engine/small_training.h"
#include "worker/engine/cpu/memory.h"

namespace rnnfarm::engine::cpu {
namespace {

class CpuEngineTest : public SmallTraining {};

INSTANTIATE_TEST_SUITE_P(Engine, CpuEngineTest, testing::Values("cpu"), EngineName);

TEST_P(CpuEngineTest, Avx512AndAvx2TrainToTheSameBytes) {
  std::vector<Member> pack = EveryCell();
  std::vector<std::string> expected;
  for (const Kernels* kernels : UsableKernels()) {
    if (std::string(kernels->name) == "portable") continue;
    Recorder recorder;
    const auto outcomes = MakeCpuEngine({}, *kernels)->Train(plan_, pack, 1, recorder);
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    std::vector<std::string> bytes;
    for (size_t i = 0; i < pack.size(); ++i) bytes.push_back(Bytes(pack[i], (*outcomes)[i].last));
    if (expected.empty()) expected = bytes;
    EXPECT_EQ(bytes, expected) << kernels->name;
  }
}

TEST_P(CpuEngineTest, LeakyNoiseIsPartOfTraining) {
  Member member = MemberOf(rnn::Architecture::kLeaky, rnn::Activation::kTanh, 0);
  const Outcome noisy = Train({member})[0];
  member.cell.noise = 0;
  const Outcome quiet = Train({member})[0];
  EXPECT_EQ(noisy.last.loss_curve[0].validation_loss, quiet.last.loss_curve[0].validation_loss)
      << "noise is in training only";
  EXPECT_NE(noisy.last.parameters, quiet.last.parameters);
}

TEST(MemoryTest, TakesWhatItSaysItTakes) {
  for (const auto architecture :
       {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn, rnn::Architecture::kGru,
        rnn::Architecture::kLstm, rnn::Architecture::kLeaky}) {
    rnn::CellSpec cell;
    cell.architecture = architecture;
    cell.units = 100;
    const Layout layout = LayoutOf(cell);
    const Extent extent = {SlabRows(layout), 100, 64};
    EXPECT_EQ(Memory(layout, extent).bytes, MemoryBytes(layout, extent));
  }
}

}  // namespace
}  // namespace rnnfarm::engine::cpu
