// Trials that are generated again and again must not ask for memory; counted by replacing the
// program's operator new, which is why this test is a program of its own.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/array_file.h"
#include "worker/task/task.h"

namespace {
std::atomic<int64_t> allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// Not inlined, so that gcc does not take free() for the wrong partner of the library's new.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace rnnfarm::task {
namespace {

Dataset MaskedDataset() {
  base::Archive archive;
  archive.Add("inputs", base::Array::Of<double>({2, 3, 1}, {1, 2, 3, 4, 5, 6}));
  archive.Add("targets", base::Array::Of<double>({2, 3, 1}, {6, 5, 4, 3, 2, 1}));
  archive.Add("mask", base::Array::Of<double>({2, 3}, {1, 1, 0, 0, 1, 1}));
  return {*archive.Encode(), "lab.npz"};
}

TEST(AllocationTest, TrialsOfSizesSeenBeforeAskForNoMemory) {
  for (const TaskSpec& spec : {TaskSpec(FlipFlop{}), TaskSpec(SineWave{}),
                               TaskSpec(ContextIntegration{}), TaskSpec(MaskedDataset())}) {
    const auto task = *MakeTask(spec);
    Trials trials;
    const int64_t before = allocations;
    task->Generate({1, 2}, 0, 64, task->steps(), trials);
    EXPECT_GT(allocations, before) << "nothing is counted";
    const int64_t warm = allocations;
    // Shorter trials, as a curriculum has them, and whole ones again.
    for (const int steps : {task->steps(), 1, task->steps() / 2, task->steps()}) {
      task->Generate({1, 2}, 64, 64, steps, trials);
      ASSERT_EQ(trials.y.size(), size_t(64) * steps * task->outputs());
    }
    EXPECT_EQ(allocations, warm) << "task kind " << spec.index();
  }
}

}  // namespace
}  // namespace rnnfarm::task
