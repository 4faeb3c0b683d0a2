// A disk that fails, or is full, at any operation of a scripted run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/coordinator/store/forgetful_machine.h"

namespace rnnfarm::store {
namespace {

using ::testing::HasSubstr;
using Fault = ForgetfulFileSystem::Fault;
using Keep = ForgetfulFileSystem::Keep;
using rocksdb::IOStatus;

constexpr int kRounds = 1;

// Whatever fails, the process goes on, answers with a clean status, and what it did acknowledge is
// there when the disk is sound again, also after power was lost on top.
void RunWithFault(const Fault& fault) {
  ForgetfulMachine machine;
  ScriptedRun run(kRounds, [&] { return machine.disk->operations(); });
  machine.disk->Inject(fault);
  if (auto store = machine.Open(); store.ok()) {
    const absl::Status excused = run.Run(**store);
    EXPECT_TRUE(excused.ok()) << excused;
  } else {
    EXPECT_FALSE(store.status().message().empty());
  }
  machine.disk->Restart(machine.disk->Now(Keep::kSynced));
  auto store = machine.Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status found = run.Verify(**store, INT64_MAX - 1);
  EXPECT_TRUE(found.ok()) << found;
}

// Operations, and reads, of a run without a fault.
std::pair<int64_t, int64_t> CountOperations() {
  ForgetfulMachine machine;
  ScriptedRun run(kRounds, [&] { return machine.disk->operations(); });
  auto store = machine.Open();
  EXPECT_TRUE(store.ok() && run.Run(**store).ok());
  store->reset();
  return {machine.disk->operations(), machine.disk->reads()};
}

void RunWithEach(Fault fault) {
  const auto [operations, reads] = CountOperations();
  for (fault.first = 0; fault.first < (fault.of_reads ? reads : operations); ++fault.first) {
    SCOPED_TRACE(testing::Message() << "failing at " << fault.first);
    RunWithFault(fault);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(DiskError, OnceAtAnyOperation) { RunWithEach({0, 1, IOStatus::IOError("injected")}); }

TEST(DiskError, FromAnyOperationOn) { RunWithEach({0, INT64_MAX, IOStatus::IOError("injected")}); }

TEST(DiskError, OnceAtAnyRead) { RunWithEach({0, 1, IOStatus::IOError("injected"), true}); }

TEST(DiskError, NoSpaceFromAnyOperationOn) {
  RunWithEach({0, INT64_MAX, IOStatus::NoSpace("injected")});
}

TEST(DiskError, AFullDiskIsReadOnlyUntilThereIsSpaceAgain) {
  ForgetfulMachine machine;
  auto store = machine.Open();
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->PutArtifact(std::string(10'000, 'a')).ok());
  Batch first, second;
  first.jobs = {MakeJob(1)};
  second.jobs = {MakeJob(2)};
  ASSERT_TRUE((*store)->Commit({first}).ok());
  machine.disk->Inject({0, INT64_MAX, IOStatus::NoSpace("no space left on device")});
  const absl::Status refused = (*store)->Commit({second});
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_TRUE(absl::IsResourceExhausted((*store)->PutArtifact("b").status()));
  const absl::Status told = (*store)->CheckWritable();
  EXPECT_TRUE(absl::IsResourceExhausted(told)) << told;
  EXPECT_THAT(std::string(told.message()), HasSubstr(machine.options().path));
  EXPECT_TRUE((*store)->ReadWholeArtifact(base::DigestOf(std::string(10'000, 'a'))).ok());

  EXPECT_FALSE((*store)->Reopen().ok()) << "the disk is as full as before";
  machine.disk->SetFreeBytes(0);
  EXPECT_TRUE(absl::IsResourceExhausted((*store)->Reopen()));
  machine.disk->SetFreeBytes(uint64_t{1} << 40);
  EXPECT_TRUE(absl::IsResourceExhausted((*store)->CheckWritable()));
  machine.disk->Inject({});
  const absl::Status reopened = (*store)->Reopen();
  ASSERT_TRUE(reopened.ok()) << reopened;
  EXPECT_TRUE((*store)->CheckWritable().ok());
  EXPECT_TRUE((*store)->Commit({second}).ok());
  EXPECT_TRUE((*store)->PutArtifact("b").ok());
  EXPECT_TRUE((*store)->ReadWholeArtifact(base::DigestOf(std::string(10'000, 'a'))).ok());
  int jobs = 0;
  Store::Visitor count{[](v1::Sweep) {}, [](v1::Configuration) {}, [](v1::Network) {},
                       [&](v1::Job) { ++jobs; }};
  EXPECT_TRUE((*store)->Load(count).ok());
  EXPECT_EQ(jobs, 2);
}

TEST(DiskError, UploadsThenSubmissionsAreRefusedBelowTheirFloors) {
  ForgetfulMachine machine;
  Options options = machine.options();
  options.free_space_floor_bytes = 1000;
  auto store = Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  machine.disk->SetFreeBytes(999);
  const absl::Status refused = (*store)->PutArtifact("a").status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("999 bytes free"));
  EXPECT_TRUE((*store)->CheckRoomForSubmission().ok());
  machine.disk->SetFreeBytes(249);
  EXPECT_TRUE(absl::IsResourceExhausted((*store)->CheckRoomForSubmission()));
  // What is under way goes on.
  Batch batch;
  batch.jobs = {MakeJob(1)};
  EXPECT_TRUE((*store)->Commit({batch}).ok());
}

}  // namespace
}  // namespace rnnfarm::store
