#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kSweep[] = "sweeps/small";
const std::string kTrain = std::string("train-") + kKey + "-s0";

TEST(DeleteSweep, TakesAllThatBelongsToIt) {
  Farm farm;
  farm.Submit(KnownSweep());
  v1::SweepSpec other = KnownSweep();
  other.set_name("small-too");
  farm.Submit(other);
  farm.Finish();
  const Effects effects = farm.Apply(DeleteSweep{kSweep});
  ASSERT_TRUE(effects.status.ok()) << effects.status;
  const auto& was = std::get<v1::Sweep>(effects.reply);
  EXPECT_EQ(was.state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_EQ(was.network_count(), 2);
  EXPECT_THAT(effects.writes, SizeIs(1));
  EXPECT_THAT(effects.events, IsEmpty());
  for (bool restarted : {false, true}) {
    if (restarted) farm.Restart();
    EXPECT_THAT(farm.scheduler->SweepNames(), testing::ElementsAre("sweeps/small-too"));
    EXPECT_EQ(farm.scheduler->FindJob(absl::StrCat(kSweep, "/jobs/", kTrain)), nullptr);
    EXPECT_EQ(farm.scheduler->FindNetwork(absl::StrCat(kSweep, "/networks/", kKey, "-s0")),
              nullptr);
    EXPECT_THAT(farm.scheduler->JobsOf(kSweep), IsEmpty());
    EXPECT_EQ(farm.scheduler->CountAll().networks, 2);
    EXPECT_EQ(farm.scheduler->CountAll().sweeps[v1::SWEEP_STATE_SUCCEEDED], 1);
    EXPECT_EQ(farm.Apply(DeleteSweep{kSweep}).status.code(), absl::StatusCode::kNotFound);
  }
  EXPECT_EQ(farm.Sweep("small-too").state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_THAT(farm.jobs, SizeIs(5));
}

TEST(DeleteSweep, OfWhatHasNotEndedIsRefused) {
  Farm farm;
  farm.Submit(KnownSweep());
  const auto refused = [&farm](const char* state) {
    const Effects effects = farm.Apply(DeleteSweep{kSweep});
    EXPECT_EQ(effects.status.code(), absl::StatusCode::kFailedPrecondition) << state;
    EXPECT_THAT(std::string(effects.status.message()),
                HasSubstr(absl::StrCat("sweep small is ", state)));
    EXPECT_THAT(std::string(effects.status.message()), HasSubstr("`rnnfarm sweep cancel small`"));
    EXPECT_THAT(effects.writes, IsEmpty());
  };
  refused("running");
  farm.Sync("a", 1);
  farm.Apply(PauseSweep{kSweep});
  refused("paused");
  farm.Restart();
  refused("paused");
  farm.Apply(ResumeSweep{kSweep});
  farm.Finish();
  ASSERT_TRUE(farm.Sync("a", 0).dropped().empty());
  farm.now += absl::Minutes(10);
  farm.Apply(Tick{});  // what the silent worker had
  farm.now += absl::Minutes(10);
  // All but the comparison, which is under way.
  while (true) {
    const v1::SyncResponse response = farm.Sync("b", 1);
    ASSERT_FALSE(response.leases().empty());
    const v1::Lease& lease = response.leases(0);
    if (lease.spec().kind() == v1::JOB_KIND_COMPARE) break;
    ASSERT_TRUE(farm.Report("b", Farm::Result(lease)).accepted());
  }
  refused("running");
  farm.Finish("b");
  EXPECT_EQ(farm.Apply(DeleteSweep{"sweeps/none"}).status.code(), absl::StatusCode::kNotFound);
}

// A worker that was cut off trains on for a sweep that was cancelled, deleted and submitted again:
// the jobs have the same names, and without the record of what was deleted the attempts the same
// numbers.
TEST(DeleteSweep, ALateReportOfItIsRefusedByItsSuccessor) {
  for (bool restarts : {false, true}) {
    Farm farm;
    farm.Submit(KnownSweep());
    const v1::SyncResponse before = farm.Sync("zombie", 1);
    ASSERT_THAT(before.leases(), SizeIs(1));
    const v1::Lease& old = before.leases(0);
    farm.Apply(CancelSweep{kSweep});
    ASSERT_TRUE(farm.Apply(DeleteSweep{kSweep}).status.ok());
    if (restarts) farm.Restart();
    EXPECT_EQ(farm.Report("zombie", Farm::Result(old)).code(), "NOT_FOUND");

    farm.Submit(KnownSweep());
    if (restarts) farm.Restart();
    EXPECT_EQ(farm.Report("zombie", Farm::Result(old)).code(), "ABORTED") << "nobody has it";
    // The same worker has it, for the sweep that is there now.
    const v1::SyncResponse after = farm.Sync("zombie", 1);
    ASSERT_THAT(after.leases(), SizeIs(1));
    ASSERT_EQ(after.leases(0).job(), old.job());
    EXPECT_GT(after.leases(0).attempt(), old.attempt());
    EXPECT_EQ(farm.Report("zombie", Farm::Checkpoint(old, 50)).code(), "ABORTED");
    EXPECT_EQ(farm.Report("zombie", Farm::Error(old, "of long ago")).code(), "ABORTED");
    EXPECT_EQ(farm.Report("zombie", Farm::Result(old)).code(), "ABORTED");
    EXPECT_EQ(farm.Job(kTrain).state(), v1::JOB_STATE_LEASED);
    EXPECT_TRUE(farm.Report("zombie", Farm::Result(after.leases(0))).accepted());
    farm.Finish();
    EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  }
}

TEST(DeleteSweep, AttemptsGrowThroughEveryLifeOfAName) {
  Farm farm;
  uint64_t last = 0;
  for (int life = 0; life < 4; ++life) {
    farm.Submit(SearchedSweep());
    for (const v1::Job* job : farm.scheduler->JobsOf(kSweep)) EXPECT_EQ(job->attempt(), last);
    if (life % 2 == 0) farm.Finish();  // else nobody ever has one of its jobs
    farm.Apply(CancelSweep{kSweep});
    // Those of later rungs were added later.
    for (const v1::Job* job : farm.scheduler->JobsOf(kSweep)) {
      EXPECT_GE(job->attempt(), last);
      EXPECT_LE(job->attempt(), last + 1);
    }
    ASSERT_TRUE(farm.Apply(DeleteSweep{kSweep}).status.ok());
    if (life % 2 == 0) ++last;
    EXPECT_EQ(farm.deleted.at(kSweep).last_attempt(), last);
    farm.Restart();
  }
}

TEST(DeleteSweep, RecordsWithAttemptsOfADeletedOneAreRefused) {
  Farm farm;
  farm.Submit(KnownSweep());
  farm.deleted[kSweep].set_name(kSweep);
  farm.deleted[kSweep].set_last_attempt(3);
  Scheduler scheduler{Options()};
  for (const auto& [key, record] : farm.sweeps) scheduler.Load(record);
  for (const auto& [key, record] : farm.configurations) scheduler.Load(record);
  for (const auto& [key, record] : farm.networks) scheduler.Load(record);
  for (const auto& [key, record] : farm.jobs) scheduler.Load(record);
  for (const auto& [key, record] : farm.deleted) scheduler.Load(record);
  EXPECT_EQ(scheduler.FinishLoading(farm.now).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace rnnfarm::scheduler
