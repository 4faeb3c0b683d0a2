// Power lost, and the disk failing, at every operation of a scripted run.
#include <gtest/gtest.h>

#include "tests/coordinator/store/forgetful_machine.h"
#include "tests/coordinator/store/scripted_run.h"

namespace rnnfarm::store {
namespace {

using Keep = ForgetfulFileSystem::Keep;

constexpr int kRounds = 6;
constexpr int64_t kFewestOperations = 500;

// Opens what was left and looks for all that was acknowledged.
void ExpectAllThere(ForgetfulMachine& machine, const ScriptedRun& run, int64_t time) {
  auto store = machine.Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status found = run.Verify(**store, time);
  EXPECT_TRUE(found.ok()) << found;
}

TEST(PowerLoss, LosesNothingAcknowledgedAtAnyOperation) {
  ForgetfulMachine machine;
  ScriptedRun run(kRounds, [&] { return machine.disk->operations(); });
  machine.disk->Record(true);
  {
    auto store = machine.Open();
    ASSERT_TRUE(store.ok()) << store.status();
    const absl::Status done = run.Run(**store);
    ASSERT_TRUE(done.ok()) << done;
  }
  const int64_t operations = machine.disk->operations();
  ASSERT_GE(operations, kFewestOperations);
  std::vector<std::pair<int64_t, ForgetfulFileSystem::Image>> left;
  for (const Keep keep : ForgetfulFileSystem::kKeeps) {
    for (int64_t k = 0; k <= operations; ++k) {
      auto image = machine.disk->At(k, keep);
      // Of operations that leave the same, the last is asked the most of.
      if (!left.empty() && left.back().second == image && k > 0) left.pop_back();
      left.emplace_back(k, std::move(image));
    }
  }
  for (const auto& [k, image] : left) {
    SCOPED_TRACE(testing::Message() << "power lost before operation " << k << " of " << operations);
    machine.disk->Restart(image);
    ExpectAllThere(machine, run, k);
    if (testing::Test::HasFailure()) return;
  }
  RecordProperty("operations", static_cast<int>(operations));
  RecordProperty("disks", static_cast<int>(left.size()));
}

}  // namespace
}  // namespace rnnfarm::store
