#include "worker/runtime/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace rnnfarm::worker {
namespace {

using ::testing::HasSubstr;

TEST(MemoryBudget, LetsNobodyInWhoDoesNotFitBesideTheOthers) {
  MemoryBudget budget(100);
  const auto wanted = [] { return true; };
  auto first = budget.Take(60, wanted);
  auto second = budget.Take(40, wanted);
  std::atomic<bool> in = false;
  std::thread third([&] {
    const auto share = budget.Take(50, wanted);
    in = true;
  });
  second.reset();  // 60 are taken: 50 do not fit yet
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_FALSE(in);
  first.reset();
  third.join();
  EXPECT_TRUE(in);
}

TEST(MemoryBudget, SmallOnesDoNotOvertakeALargeOne) {
  MemoryBudget budget(100);
  auto first = budget.Take(60, [] { return true; });
  std::atomic<bool> waits = false, large_in = false;
  std::thread large([&] {
    const auto share = budget.Take(1000, [&] { return waits = true; });
    large_in = true;
  });
  while (!waits) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  // It would fit, but it came later.
  int polls = 0;
  EXPECT_EQ(budget.Take(10, [&polls] { return ++polls < 3; }), nullptr);
  EXPECT_FALSE(large_in);
  first.reset();
  large.join();
  EXPECT_NE(budget.Take(100, [] { return true; }), nullptr);
}

TEST(MemoryBudget, AloneOneMayTakeMoreThanThereIs) {
  MemoryBudget budget(100);
  EXPECT_NE(budget.Take(1000, [] { return true; }), nullptr);
  MemoryBudget unlimited(0);
  const auto one = unlimited.Take(1000, [] { return false; });
  EXPECT_NE(unlimited.Take(1000, [] { return false; }), nullptr);
}

TEST(MemoryBudget, NobodyWaitsInVain) {
  MemoryBudget budget(100);
  const auto all = budget.Take(100, [] { return true; });
  EXPECT_EQ(budget.Take(1, [] { return false; }), nullptr);
}

}  // namespace
}  // namespace rnnfarm::worker
