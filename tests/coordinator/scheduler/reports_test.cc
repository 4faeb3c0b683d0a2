#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kFirst = std::string(kKey) + "-s0";

TEST(Report, OfAStaleAttemptIsAbortedAndChangesNothing) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::Lease stale = farm.Sync("slow", 1).leases(0);
  farm.now += farm.options.lease_term;
  farm.Apply(Tick{});
  farm.now += farm.options.longest_backoff;
  const v1::Lease fresh = farm.Sync("quick", 1).leases(0);
  EXPECT_EQ(fresh.attempt(), stale.attempt() + 1);
  for (const v1::JobReport& report :
       {Farm::Result(stale), Farm::Checkpoint(stale, 10), Farm::Error(stale, "late")}) {
    v1::SyncRequest request = Farm::Request("slow", 0);
    *request.add_reports() = report;
    const Effects effects = farm.Apply(Sync{request});
    const auto& outcome = std::get<v1::SyncResponse>(effects.reply).outcomes(0);
    EXPECT_FALSE(outcome.accepted());
    EXPECT_EQ(outcome.code(), "ABORTED");
    EXPECT_THAT(outcome.message(), HasSubstr("does not hold the lease"));
    EXPECT_THAT(effects.writes, IsEmpty());
  }
  EXPECT_EQ(farm.Report("thief", Farm::Result(fresh)).code(), "ABORTED");
  EXPECT_TRUE(farm.Report("quick", Farm::Result(fresh)).accepted());
}

TEST(Report, TheSameResultAgainIsAcceptedAnotherIsNot) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::Lease lease = farm.Sync("w", 1).leases(0);
  EXPECT_TRUE(farm.Report("w", Farm::Result(lease)).accepted());
  farm.Restart();
  v1::SyncRequest request = Farm::Request("w", 0);
  *request.add_reports() = Farm::Result(lease);
  const Effects again = farm.Apply(Sync{request});
  EXPECT_TRUE(std::get<v1::SyncResponse>(again.reply).outcomes(0).accepted());
  EXPECT_THAT(again.writes, IsEmpty());
  v1::JobReport other = Farm::Result(lease);
  (*other.mutable_result()->mutable_artifacts())["network"] = "another";
  EXPECT_EQ(farm.Report("w", other).code(), "ABORTED");
  EXPECT_EQ(farm.Network(kFirst).artifacts().at("network"), "network " + kFirst + "@20000");
}

TEST(Report, ACheckpointIsWhereTheNextAttemptResumes) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::Lease lease = farm.Sync("w", 1).leases(0);
  EXPECT_EQ(lease.spec().resume_from(), "");
  for (int64_t iteration : {1000, 2000, 3000, 3000}) {
    EXPECT_TRUE(farm.Report("w", Farm::Checkpoint(lease, iteration)).accepted());
  }
  const v1::Job& job = farm.Job("train-" + kFirst);
  ASSERT_THAT(job.checkpoints(), SizeIs(2));
  EXPECT_EQ(job.checkpoints(0).iteration(), 2000);
  farm.Restart();
  farm.now += farm.options.lease_term;
  farm.Apply(Tick{});
  farm.now += farm.options.longest_backoff;
  const v1::Lease next = farm.Sync("v", 1).leases(0);
  EXPECT_EQ(next.spec().resume_from(), "at 3000");
  farm.Report("v", Farm::Result(next));
  EXPECT_THAT(farm.Job("train-" + kFirst).checkpoints(), IsEmpty());
}

TEST(Report, ADivergedTrainingIsAResultThatExcludesItsNetwork) {
  Farm farm;
  farm.Submit(KnownSweep());
  farm.Report("w", Farm::Diverged(farm.Sync("w", 1).leases(0)));
  EXPECT_EQ(farm.Job("train-" + kFirst).state(), v1::JOB_STATE_DIVERGED);
  EXPECT_EQ(farm.Network(kFirst).state(), v1::NETWORK_STATE_DIVERGED);
  EXPECT_FALSE(farm.Network(kFirst).included());
  EXPECT_EQ(farm.Network(kFirst).excluded_reason(), "training diverged at iteration 17");
  EXPECT_EQ(farm.Network(kFirst).training().diverged_at(), 17);
  EXPECT_EQ(farm.Job("analyze-" + kFirst).state(), v1::JOB_STATE_CANCELLED);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(Report, ErrorsBackOffAndEndAfterTheBudget) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 } limits { max_attempts: 3 }"));
  absl::Duration longest = farm.options.first_backoff;
  for (int error = 1; error <= 3; ++error) {
    const v1::SyncResponse granted = farm.Sync("w", 1);
    ASSERT_THAT(granted.leases(), SizeIs(1));
    EXPECT_TRUE(farm.Report("w", Farm::Error(granted.leases(0), "no such file")).accepted());
    const v1::Job& job = farm.Job("train-" + kFirst);
    EXPECT_EQ(job.errors(), error);
    EXPECT_EQ(job.reason(), "no such file");
    if (error == 3) break;
    EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
    ASSERT_TRUE(job.has_not_before());
    EXPECT_FALSE(farm.scheduler->HasWorkFor(Farm::Request("w", 1), farm.now));
    EXPECT_THAT(farm.Sync("w", 1).leases(), IsEmpty());
    EXPECT_LE(farm.scheduler->NextTick(), farm.now + longest);
    farm.Restart();
    EXPECT_THAT(farm.Sync("w", 1).leases(), IsEmpty()) << "back-off survives a restart";
    farm.now += longest;
    EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::Request("w", 1), farm.now));
    longest *= 2;
  }
  EXPECT_EQ(farm.Job("train-" + kFirst).state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(farm.Network(kFirst).excluded_reason(), "training failed: no such file");
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_FAILED);
}

TEST(Report, TransientErrorsSpareTheJobsOwnBudget) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 } limits { max_attempts: 1 }"));
  for (int i = 0; i < 4; ++i) {
    const v1::SyncResponse granted = farm.Sync(i % 2 == 0 ? "a" : "b", 1);
    ASSERT_THAT(granted.leases(), SizeIs(1));
    farm.Report(i % 2 == 0 ? "a" : "b", Farm::Error(granted.leases(0), "disk full", true));
    EXPECT_EQ(farm.Job("train-" + kFirst).state(), v1::JOB_STATE_PENDING);
    farm.now += farm.options.longest_backoff;
  }
  EXPECT_EQ(farm.Job("train-" + kFirst).errors(), 0);
  farm.Report("a", Farm::Error(farm.Sync("a", 1).leases(0), "disk full", true));
  EXPECT_EQ(farm.Job("train-" + kFirst).state(), v1::JOB_STATE_QUARANTINED);
}

TEST(Report, AFailedAnalysisExcludesItsNetworkAndCanBeRetried) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 } limits { max_attempts: 1 }"));
  farm.Report("w", Farm::Result(farm.Sync("w", 1).leases(0)));
  farm.Report("w", Farm::Error(farm.Sync("w", 1).leases(0), "singular"));
  EXPECT_EQ(farm.Network(kFirst).state(), v1::NETWORK_STATE_FAILED);
  EXPECT_EQ(farm.Network(kFirst).excluded_reason(), "analysis failed: singular");
  farm.Finish();
  farm.Apply(RetryJobs{{"sweeps/small/jobs/analyze-" + kFirst}, false});
  EXPECT_EQ(farm.Network(kFirst).state(), v1::NETWORK_STATE_TRAINED);
  farm.Finish();
  EXPECT_TRUE(farm.Network(kFirst).included());
}

TEST(Report, AResultWithoutItsFileIsAnError) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  v1::JobReport report = Farm::Result(farm.Sync("w", 1).leases(0));
  report.mutable_result()->mutable_artifacts()->erase("network");
  EXPECT_EQ(farm.Report("w", report).code(), "INVALID_ARGUMENT");
  EXPECT_EQ(farm.Job("train-" + kFirst).errors(), 1);
  EXPECT_EQ(farm.Job("train-" + kFirst).state(), v1::JOB_STATE_PENDING);
}

TEST(Report, OfAnUnknownJobOrOfNothingIsRefused) {
  Farm farm;
  farm.Submit(KnownSweep());
  v1::JobReport report = Farm::Result(farm.Sync("w", 1).leases(0));
  report.clear_event();
  EXPECT_EQ(farm.Report("w", report).code(), "INVALID_ARGUMENT");
  report.set_job("sweeps/small/jobs/none");
  EXPECT_EQ(farm.Report("w", report).code(), "NOT_FOUND");
}

TEST(Report, TheLastResultMakesTheComparisonAvailableInTheSameAnswer) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  farm.Report("w", Farm::Result(farm.Sync("w", 1).leases(0)));
  v1::SyncRequest request = Farm::Request("w", 1);
  *request.add_reports() = Farm::Result(farm.Sync("w", 1).leases(0));
  const v1::SyncResponse response = farm.Sync(request);
  ASSERT_THAT(response.leases(), SizeIs(1));
  EXPECT_EQ(response.leases(0).spec().kind(), v1::JOB_KIND_COMPARE);
  EXPECT_EQ(response.leases(0).spec().task().name(), "flipflop");
}

}  // namespace
}  // namespace rnnfarm::scheduler
