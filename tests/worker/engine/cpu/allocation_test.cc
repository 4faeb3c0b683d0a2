// An iteration of the fused engine asks for no memory, and a network for no more than is said;
// counted by replacing the program's operator new, which is why this test is a program of its own.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "worker/engine/cpu/cpu_engine.h"
#include "worker/engine/cpu/cpu_learner.h"
#include "worker/engine/cpu/memory.h"

namespace {

std::atomic<int64_t> allocations = 0, held_bytes = 0, peak_bytes = 0;

void* Allocate(size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++allocations;
  held_bytes += static_cast<int64_t>(malloc_usable_size(memory));
  peak_bytes = std::max<int64_t>(peak_bytes, held_bytes);
  return memory;
}

void Free(void* memory) {
  if (memory == nullptr) return;
  held_bytes -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }

namespace rnnfarm::engine::cpu {
namespace {

task::Dataset MaskedDataset() {
  base::Archive archive;
  archive.Add("inputs", base::Array::Of<double>({2, 3, 1}, {1, 2, 3, 4, 5, 6}));
  archive.Add("targets", base::Array::Of<double>({2, 3, 1}, {6, 5, 4, 3, 2, 1}));
  archive.Add("mask", base::Array::Of<double>({2, 3}, {1, 1, 0, 0, 1, 1}));
  return {*archive.Encode(), "lab.npz"};
}

constexpr int64_t kRoundings = 1024;  // of the allocator, a network

class AllocationTest : public testing::TestWithParam<rnn::Architecture> {
 protected:
  AllocationTest() {
    plan_.iterations = 12;
    plan_.batch_size = 21;
    member_.stream_key = "alone";
    member_.cell.architecture = GetParam();
    member_.cell.units = 37;
    member_.cell.noise = 0.1;
    member_.hyperparameters = {0.01, 0.5, 0.9, 1};
    member_.l2 = 1e-4;
  }

  void UseTask(const task::TaskSpec& spec) {
    task_ = *task::MakeTask(spec);
    plan_.task = task_.get();
    member_.cell.inputs = task_->inputs();
    member_.cell.outputs = task_->outputs();
    validation_ = task_->Generate({1, 2}, 0, 30, task_->steps());
  }

  // Counts from the third iteration to the twelfth.
  int64_t AllocationsOfLaterIterations() {
    CpuLearner learner(*UsableKernels().front(), plan_, member_, validation_);
    const int64_t before = allocations;
    EXPECT_TRUE(learner.Iterate(0).has_value());
    EXPECT_TRUE(learner.Iterate(1).has_value());
    EXPECT_GT(allocations, before) << "nothing is counted";
    const int64_t warm = allocations;
    for (int64_t t = 2; t < plan_.iterations; ++t) EXPECT_TRUE(learner.Iterate(t).has_value());
    learner.ValidationLoss();
    return allocations - warm;
  }

  // Of the block that is not asked from operator new.
  int64_t BlockBytes() const {
    const Layout layout = LayoutOf(member_.cell);
    const bool noisy = GetParam() == rnn::Architecture::kLeaky;
    return MemoryBytes(layout, {SlabRows(layout), task_->steps(), noisy ? plan_.batch_size : 0});
  }

  std::unique_ptr<task::Task> task_;
  Plan plan_;
  Member member_;
  task::Trials validation_;
};

INSTANTIATE_TEST_SUITE_P(Cells, AllocationTest,
                         testing::Values(rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn,
                                         rnn::Architecture::kGru, rnn::Architecture::kLstm,
                                         rnn::Architecture::kLeaky),
                         [](const auto& info) { return std::string(rnn::Name(info.param)); });

TEST_P(AllocationTest, LaterIterationsAskForNoMemory) {
  for (const task::TaskSpec& spec :
       {task::TaskSpec(task::FlipFlop{2, 20, 0.1, true}), task::TaskSpec(task::SineWave{20}),
        task::TaskSpec(task::ContextIntegration{}), task::TaskSpec(MaskedDataset())}) {
    UseTask(spec);
    EXPECT_EQ(AllocationsOfLaterIterations(), 0) << "task kind " << spec.index();
  }
}

// Stages of falling length: trials grow in none of them.
TEST_P(AllocationTest, NorDoTheyWithShorterStagesOfACurriculum) {
  UseTask(task::FlipFlop{2, 20, 0.1, true});
  plan_.curriculum = {{20, 0.5}, {5, 0.25}, {10, 0.25}};
  EXPECT_EQ(AllocationsOfLaterIterations(), 0);
}

TEST_P(AllocationTest, ALearnerTakesWhatItSaysItTakes) {
  UseTask(task::FlipFlop{2, 200, 0.1, true});
  plan_.batch_size = 64;
  const int64_t before = held_bytes;
  CpuLearner learner(*UsableKernels().front(), plan_, member_, validation_);
  EXPECT_TRUE(learner.Iterate(0).has_value());
  const int64_t said = CpuLearner::MemoryBytes(plan_, member_.cell) - BlockBytes();
  const int64_t taken = held_bytes - before;
  EXPECT_LE(taken, said + kRoundings);
  EXPECT_GT(taken, said / 3);
}

class Approving : public Observer {
 public:
  bool OnProgress(size_t, const Progress&) override { return true; }
  void OnCheckpoint(size_t, const Checkpoint&) override {}
};

TEST_P(AllocationTest, TrainingTakesNoMoreThanTheEngineSays) {
  UseTask(task::FlipFlop{2, 200, 0.1, true});
  plan_.iterations = 4;
  plan_.checkpoint_every = 2;
  plan_.validation_trials = 2000;
  member_.until_iteration = plan_.iterations;
  const std::vector<Member> pack(4, member_);
  const auto engine = MakeCpuEngine();
  Approving observer;
  const int64_t before = held_bytes;
  peak_bytes = before;
  ASSERT_TRUE(engine->Train(plan_, pack, 1, observer).ok());
  const int64_t taken = peak_bytes - before;
  const int64_t said = engine->MemoryBytes(plan_, pack, 1) - BlockBytes();
  EXPECT_LE(taken, said + pack.size() * kRoundings);
  EXPECT_GT(taken, said / 2);
}

}  // namespace
}  // namespace rnnfarm::engine::cpu
