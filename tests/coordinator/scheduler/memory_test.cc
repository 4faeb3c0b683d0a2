// Jobs that run out of memory, and the log of what jobs go through.
#include "coordinator/scheduler/needs.h"
#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kGibi = int64_t{1} << 30;
const std::string kId = std::string("train-") + kKey + "-s0";

v1::JobReport OutOfMemory(const v1::Lease& lease, int64_t had) {
  v1::JobReport report = Farm::Error(lease, "no room for the batch");
  report.mutable_error()->set_out_of_memory(true);
  report.mutable_error()->set_memory_bytes(had);
  return report;
}

TEST(RaisedMemory, DoublesAndIsRoundedDownToFourBinaryDigits) {
  EXPECT_EQ(RaisedMemory(4 * kGibi, 0), 8 * kGibi);
  EXPECT_EQ(RaisedMemory(kGibi, 4 * kGibi), 8 * kGibi);
  EXPECT_EQ(RaisedMemory(0, 0), kLeastRaised);
  EXPECT_EQ(RaisedMemory(5 * kGibi + 12345, 0), 10 * kGibi);
  EXPECT_EQ(RaisedMemory(INT64_MAX, 0), int64_t{1} << 60);
  EXPECT_EQ(RaisedMemory(-1, -1), kLeastRaised);
}

TEST(Memory, IsRaisedUntilTheJobFitsAndCostsNothingElse) {
  Farm farm;
  farm.Submit(KnownSweep());
  farm.Sync(Farm::WithMemory("large", 0, 8 * kGibi));
  const v1::SyncRequest small = Farm::WithMemory("small", 1, 2 * kGibi);
  const v1::Lease first = farm.Sync(small).leases(0);
  EXPECT_TRUE(farm.Report(small, OutOfMemory(first, 2 * kGibi)).accepted());
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(farm.Job(kId).memory_bytes(), 4 * kGibi);
  EXPECT_EQ(farm.Job(kId).errors() + farm.Job(kId).lost_leases(), 0);
  farm.Restart();
  farm.Sync(Farm::WithMemory("large", 0, 8 * kGibi));
  const v1::SyncResponse rest = farm.Sync(Farm::WithMemory("small", 8, 2 * kGibi));
  ASSERT_THAT(rest.leases(), SizeIs(1));
  EXPECT_NE(rest.leases(0).job(), first.job());
  EXPECT_FALSE(farm.scheduler->HasWorkFor(small, farm.now));
  EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::WithMemory("large", 1, 8 * kGibi), farm.now));
  const v1::SyncResponse again = farm.Sync(Farm::WithMemory("large", 8, 8 * kGibi));
  ASSERT_THAT(again.leases(), SizeIs(1));
  EXPECT_EQ(again.leases(0).job(), first.job());
  EXPECT_TRUE(farm.Report("large", Farm::Result(again.leases(0))).accepted());
  for (const v1::Worker& worker : farm.scheduler->Workers()) {
    EXPECT_EQ(worker.failures_in_a_row(), 0) << worker.name();
  }
}

TEST(Memory, JobsThatNeedMuchAreAloneInTheirPacks) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 4 }"));
  farm.Sync(Farm::WithMemory("large", 0, 8 * kGibi));
  const v1::SyncResponse granted = farm.Sync(Farm::WithMemory("small", 4, 2 * kGibi));
  ASSERT_THAT(granted.leases(), SizeIs(2)) << "the other half is the other worker's";
  for (const v1::Lease& lease : granted.leases()) {
    farm.Report(Farm::WithMemory("small", 0, 2 * kGibi), OutOfMemory(lease, 2 * kGibi));
  }
  const v1::SyncResponse again = farm.Sync(Farm::WithMemory("large", 2, 8 * kGibi));
  ASSERT_THAT(again.leases(), SizeIs(2));
  EXPECT_EQ(again.leases(0).job(), granted.leases(0).job());
  EXPECT_EQ(again.leases(1).job(), granted.leases(1).job());
  EXPECT_NE(again.leases(0).pack(), again.leases(1).pack());
}

TEST(Memory, AJobThatFitsNowhereIsHeldForAPerson) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::Lease lease = farm.Sync(Farm::WithMemory("w", 1, 4 * kGibi)).leases(0);
  farm.Report(Farm::WithMemory("w", 0, 4 * kGibi), OutOfMemory(lease, 4 * kGibi));
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_HELD);
  EXPECT_THAT(farm.Job(kId).reason(), HasSubstr("needs a worker with 8.0 GiB"));
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_RUNNING) << "open";
  EXPECT_EQ(farm.Sweep().stages(0).pending(), 1);
  farm.Restart();
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_HELD);
  const std::string name = "sweeps/small/jobs/" + kId;
  // With a larger worker it goes there at once.
  farm.Sync(Farm::WithMemory("large", 0, 16 * kGibi));
  EXPECT_TRUE(farm.Apply(RetryJobs{{name}, false}).status.ok());
  EXPECT_THAT(farm.Sync(Farm::WithMemory("w", 1, 4 * kGibi)).leases(), IsEmpty());
  const v1::SyncResponse granted = farm.Sync(Farm::WithMemory("large", 1, 16 * kGibi));
  ASSERT_THAT(granted.leases(), SizeIs(1));
  farm.Report(Farm::WithMemory("large", 0, 16 * kGibi), OutOfMemory(granted.leases(0), 16 * kGibi));
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_HELD);
  EXPECT_THAT(farm.Job(kId).reason(), HasSubstr("the largest active one has 16.0 GiB"));
  // Without one it begins anew.
  EXPECT_TRUE(farm.Apply(RetryJobs{{name}, false}).status.ok());
  EXPECT_EQ(farm.Job(kId).memory_bytes(), 0);
  EXPECT_THAT(farm.Sync(Farm::WithMemory("w", 1, 4 * kGibi)).leases(), SizeIs(1));
}

TEST(Memory, AHeldJobIsCancelledWithItsSweep) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  farm.Report("w", OutOfMemory(farm.Sync("w", 1).leases(0), 0));
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_HELD);
  farm.Apply(CancelSweep{"sweeps/small"});
  EXPECT_EQ(farm.Job(kId).state(), v1::JOB_STATE_CANCELLED);
}

TEST(Log, TellsTheWholeStory) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  EXPECT_EQ(farm.Story(kId), "") << "nothing has happened";
  const v1::Lease lost = farm.Sync("a", 1).leases(0);
  farm.Report("a", Farm::Checkpoint(lost, 1000));
  farm.now += farm.options.lease_term;
  farm.Apply(Tick{});
  farm.now += farm.options.longest_backoff;
  farm.Restart();
  const v1::Lease failed = farm.Sync("b", 1).leases(0);
  farm.Report("b", Farm::Error(failed, "no such file"));
  farm.now += farm.options.longest_backoff;
  const v1::Lease returned = farm.Sync("c", 1).leases(0);
  v1::JobReport report = Farm::Error(returned, "");
  report.mutable_returned()->set_reason("drained");
  farm.Report("c", report);
  farm.Report("d", Farm::Result(farm.Sync("d", 1).leases(0)));
  EXPECT_EQ(farm.Story(kId),
            "CREATED 0 : created\n"
            "LEASED 1 workers/a: leased to workers/a\n"
            "CHECKPOINT 1 workers/a: committed a checkpoint at iteration 1000\n"
            "LOST 1 workers/a: lost: the lease ran out\n"
            "LEASED 2 workers/b: leased to workers/b, from iteration 1000\n"
            "ERROR 2 workers/b: error 1 of 3: no such file\n"
            "LEASED 3 workers/c: leased to workers/c, from iteration 1000\n"
            "RETURNED 3 workers/c: returned: drained\n"
            "LEASED 4 workers/d: leased to workers/d, from iteration 1000\n"
            "ENDED 4 workers/d: ended as SUCCEEDED: attempt 4 succeeded\n");
  EXPECT_EQ(farm.logs["sweeps/small/jobs/" + kId][0].time().seconds(),
            farm.Job(kId).create_time().seconds());
}

TEST(Log, TellsOfHoldingRetryingAndCancelling) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 } limits { max_attempts: 1 }"));
  farm.Report("w", OutOfMemory(farm.Sync("w", 1).leases(0), 0));
  farm.Apply(RetryJobs{{"sweeps/small/jobs/" + kId}, false});
  farm.Report("w", Farm::Error(farm.Sync("w", 1).leases(0), "bad"));
  const std::string story = farm.Story(kId);
  EXPECT_THAT(story, HasSubstr("HELD 0 : it ran out of memory; another attempt needs a worker"));
  EXPECT_THAT(story, HasSubstr("RETRIED 0 : retried by a person"));
  EXPECT_THAT(story, HasSubstr("ENDED 0 : ended as FAILED: bad"));
  EXPECT_THAT(farm.Story(std::string("analyze-") + kKey + "-s0"),
              HasSubstr("ended as CANCELLED: training failed: bad"));
}

}  // namespace
}  // namespace rnnfarm::scheduler
