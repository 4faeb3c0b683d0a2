// Jobs that are leased twice, jobs that hang, and the fence around both.
#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kId = std::string("train-") + kKey + "-s1";

// Trains two networks; the first has ended after a minute and is analysed, the second one is slow.
class Slow {
 public:
  explicit Slow(Options options = {}) : farm(options) {
    farm.Submit(KnownSweep());
    const v1::SyncResponse granted = farm.Sync("slow", 2);
    first = granted.leases(1);
    EXPECT_EQ(first.job(), "sweeps/small/jobs/" + kId);
    farm.now += absl::Minutes(1);
    v1::SyncRequest request = Farm::Request("slow", 0);
    Farm::Hold(first, request);
    EXPECT_TRUE(farm.Report(request, Farm::Result(granted.leases(0))).accepted());
    const v1::SyncResponse analysis = farm.Sync("other", 1);
    EXPECT_TRUE(farm.Report("other", Farm::Result(analysis.leases(0))).accepted());
  }

  // The slow worker keeps its lease alive.
  void Pass(absl::Duration time) {
    const absl::Time until = farm.now + time;
    while (farm.now < until) {
      farm.now += absl::Seconds(20);
      farm.Apply(Tick{});
      KeepAlive();
    }
  }
  v1::SyncResponse KeepAlive() {
    v1::SyncRequest request = Farm::Request("slow", 0);
    Farm::Hold(first, request);
    return farm.Sync(request);
  }
  v1::Lease Help() {
    EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::Request("quick", 1), farm.now));
    const v1::SyncResponse granted = farm.Sync("quick", 1);
    EXPECT_THAT(granted.leases(), SizeIs(1));
    return granted.leases_size() > 0 ? granted.leases(0) : v1::Lease();
  }

  Farm farm;
  v1::Lease first;
};

TEST(Speculation, BeginsWhenAJobIsSlowAndNothingElseIsThere) {
  Slow slow;
  slow.farm.Report("slow", Farm::Checkpoint(slow.first, 3000));
  slow.Pass(absl::Minutes(8));
  EXPECT_FALSE(slow.farm.scheduler->HasWorkFor(Farm::Request("quick", 1), slow.farm.now));
  EXPECT_THAT(slow.farm.Sync("quick", 1).leases(), IsEmpty()) << "not yet";
  slow.Pass(absl::Minutes(2));
  EXPECT_FALSE(slow.farm.scheduler->HasWorkFor(Farm::Request("slow", 1), slow.farm.now))
      << "its own worker has it already";
  v1::SyncRequest unable = Farm::Request("unable", 1);
  unable.mutable_capability()->clear_kind();
  unable.mutable_capability()->add_kind(v1::JOB_KIND_ANALYZE);
  EXPECT_FALSE(slow.farm.scheduler->HasWorkFor(unable, slow.farm.now));
  const v1::Lease second = slow.Help();
  EXPECT_EQ(second.job(), slow.first.job());
  EXPECT_EQ(second.attempt(), 2);
  EXPECT_TRUE(second.speculative());
  EXPECT_EQ(second.spec().resume_from(), "at 3000");
  EXPECT_TRUE(slow.farm.Job(kId).attempts(1).speculative());
  EXPECT_EQ(slow.farm.Job(kId).attempts(1).from_iteration(), 3000);
  EXPECT_THAT(slow.farm.Sync("third", 1).leases(), IsEmpty()) << "two at most";
}

TEST(Speculation, WaitsForTwiceTheMeanAndCanBeSwitchedOff) {
  Options options;
  options.speculate_after = absl::ZeroDuration();
  Slow patient(options);
  EXPECT_THAT(patient.farm.Sync("quick", 1).leases(), IsEmpty()) << "one mean has passed";
  patient.Pass(absl::Minutes(1));
  EXPECT_THAT(patient.farm.Sync("quick", 1).leases(), SizeIs(1));
  options.speculate_after = absl::InfiniteDuration();
  Slow off(options);
  off.Pass(absl::Hours(5));
  EXPECT_THAT(off.farm.Sync("quick", 1).leases(), IsEmpty());
}

TEST(Speculation, NotOfAPausedSweep) {
  Slow slow;
  slow.Pass(absl::Minutes(11));
  slow.farm.Apply(PauseSweep{"sweeps/small"});
  EXPECT_FALSE(slow.farm.scheduler->HasWorkFor(Farm::Request("quick", 1), slow.farm.now));
  EXPECT_THAT(slow.farm.Sync("quick", 1).leases(), IsEmpty());
  slow.farm.Apply(ResumeSweep{"sweeps/small"});
  slow.Help();
}

TEST(Speculation, TheFirstResultWinsWhicheverItIsAndTheOtherIsAborted) {
  for (bool restart : {false, true}) {
    for (bool helper_wins : {false, true}) {
      Slow slow;
      slow.Pass(absl::Minutes(11));
      const v1::Lease second = slow.Help();
      if (restart) slow.farm.Restart();
      const std::string winner = helper_wins ? "quick" : "slow";
      const std::string loser = helper_wins ? "slow" : "quick";
      const v1::JobReport won = Farm::Result(helper_wins ? second : slow.first);
      const v1::JobReport late = Farm::Result(helper_wins ? slow.first : second);
      EXPECT_EQ(slow.farm.Report(loser, won).code(), "ABORTED") << "of another worker";
      EXPECT_TRUE(slow.farm.Report(winner, won).accepted());
      EXPECT_EQ(slow.farm.Job(kId).state(), v1::JOB_STATE_SUCCEEDED);
      EXPECT_TRUE(slow.farm.Report(winner, won).accepted()) << "the same again";
      v1::SyncRequest request = Farm::Request(loser, 0);
      Farm::Hold(helper_wins ? slow.first : second, request);
      *request.add_reports() = late;
      const v1::SyncResponse told = slow.farm.Sync(request);
      EXPECT_EQ(told.outcomes(0).code(), "ABORTED");
      EXPECT_THAT(told.dropped(), ElementsAre(second.job()));
      const v1::Job& job = slow.farm.Job(kId);
      EXPECT_EQ(job.attempts(helper_wins ? 1 : 0).outcome(), "succeeded");
      EXPECT_THAT(job.attempts(helper_wins ? 0 : 1).outcome(), HasSubstr("superseded"));
      EXPECT_EQ(job.errors() + job.lost_leases(), 0);
      slow.farm.Finish();
      EXPECT_EQ(slow.farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
    }
  }
}

TEST(Speculation, BothAreLeasedAgainAfterARestartWithAFullTerm) {
  Slow slow;
  slow.Pass(absl::Minutes(11));
  const v1::Lease second = slow.Help();
  slow.farm.now += absl::Seconds(39);
  slow.farm.Restart();
  slow.farm.now += absl::Seconds(59);
  slow.farm.Apply(Tick{});
  EXPECT_THAT(slow.KeepAlive().dropped(), IsEmpty());
  v1::SyncRequest request = Farm::Request("quick", 1);
  Farm::Hold(second, request);
  EXPECT_THAT(slow.farm.Sync(request).dropped(), IsEmpty());
  EXPECT_TRUE(slow.farm.scheduler->IsLive(second.job(), 1));
  EXPECT_TRUE(slow.farm.scheduler->IsLive(second.job(), 2));
}

TEST(Speculation, OnlyNewerCheckpointsAreKept) {
  Slow slow;
  slow.Pass(absl::Minutes(11));
  const v1::Lease second = slow.Help();
  EXPECT_TRUE(slow.farm.Report("quick", Farm::Checkpoint(second, 5000)).accepted());
  EXPECT_TRUE(slow.farm.Report("slow", Farm::Checkpoint(slow.first, 4000)).accepted());
  const v1::Job& job = slow.farm.Job(kId);
  ASSERT_THAT(job.checkpoints(), SizeIs(1));
  EXPECT_EQ(job.checkpoints(0).iteration(), 5000);
}

TEST(Speculation, TheOtherGoesOnWhenOneIsLostReturnedOrErrs) {
  enum class What { kLost, kReturned, kError };
  for (What what : {What::kLost, What::kReturned, What::kError}) {
    Slow slow;
    slow.Pass(absl::Minutes(11));
    const v1::Lease second = slow.Help();
    if (what == What::kLost) slow.Pass(absl::Minutes(2));
    v1::JobReport report = Farm::Error(second, "bad");
    if (what == What::kReturned) report.mutable_returned()->set_reason("drained");
    EXPECT_EQ(slow.farm.Report("quick", report).accepted(), what != What::kLost);
    const v1::Job& job = slow.farm.Job(kId);
    EXPECT_EQ(job.state(), v1::JOB_STATE_LEASED);
    EXPECT_EQ(job.lost_leases(), what == What::kLost ? 1 : 0);
    EXPECT_EQ(job.preemptions(), what == What::kReturned ? 1 : 0);
    EXPECT_EQ(job.errors(), what == What::kError ? 1 : 0);
    EXPECT_EQ(slow.farm.Report("quick", Farm::Result(second)).code(), "ABORTED");
    EXPECT_TRUE(slow.farm.Report("slow", Farm::Result(slow.first)).accepted());
  }
}

TEST(Speculation, AnAttemptThatOutlivesTheBudgetMaySucceed) {
  Slow slow;
  for (int helpers = 0; helpers < 2; ++helpers) {
    slow.Pass(absl::Minutes(11));
    slow.farm.Report("quick", Farm::Error(slow.Help(), "bad"));
  }
  slow.Pass(absl::Minutes(11));
  EXPECT_THAT(slow.farm.Sync("quick", 1).leases(), IsEmpty()) << "no third helper";
  EXPECT_EQ(slow.farm.Job(kId).state(), v1::JOB_STATE_LEASED);
  EXPECT_TRUE(slow.farm.Report("slow", Farm::Result(slow.first)).accepted());
}

TEST(Speculation, BothEndWithTheirSweep) {
  Slow slow;
  slow.Pass(absl::Minutes(11));
  const v1::Lease second = slow.Help();
  slow.farm.Apply(CancelSweep{"sweeps/small"});
  EXPECT_THAT(slow.KeepAlive().dropped(), SizeIs(1));
  v1::SyncRequest request = Farm::Request("quick", 0);
  Farm::Hold(second, request);
  EXPECT_THAT(slow.farm.Sync(request).dropped(), SizeIs(1));
  for (const v1::Worker& worker : slow.farm.scheduler->Workers()) {
    EXPECT_THAT(worker.leases(), IsEmpty());
  }
}

class Hanging : public testing::Test {
 protected:
  void SetUp() override {
    farm.Submit(KnownSweep("seeds { count: 1 }"));
    lease = farm.Sync("w", 1).leases(0);
  }
  void Beat(uint64_t counter, const std::string& phase = "training") {
    farm.now += absl::Seconds(30);
    farm.Apply(Tick{});
    v1::SyncRequest request = Farm::Request("w", 0);
    Farm::Hold(lease, request, counter);
    request.mutable_held(0)->mutable_progress()->set_phase(phase);
    dropped = farm.Sync(request).dropped_size() > 0;
  }
  Farm farm;
  v1::Lease lease;
  bool dropped = false;
};

TEST_F(Hanging, IsSeenByACounterThatStandsStill) {
  for (int i = 1; i <= 200; ++i) Beat(i);
  EXPECT_FALSE(dropped) << "it gets on";
  for (int i = 0; i < 59; ++i) Beat(200);
  EXPECT_FALSE(dropped) << "not for half an hour yet";
  for (int i = 0; i < 2; ++i) Beat(200);
  EXPECT_TRUE(dropped);
  const v1::Job& job = farm.Job(std::string("train-") + kKey + "-s0");
  EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(job.reason(), "lost: it made no progress for 30m");
  EXPECT_EQ(job.lost_leases(), 1);
}

TEST_F(Hanging, CannotBeSeenWithoutACounterOrBeforeItBegins) {
  for (int i = 0; i < 200; ++i) Beat(0);
  EXPECT_FALSE(dropped);
  for (int i = 0; i < 200; ++i) Beat(5, "waiting for memory");
  EXPECT_FALSE(dropped);
}

TEST_F(Hanging, IsJudgedAnewAfterARestart) {
  for (int i = 0; i < 50; ++i) Beat(7);
  farm.Restart();
  for (int i = 0; i < 50; ++i) Beat(7);
  EXPECT_FALSE(dropped);
}

}  // namespace
}  // namespace rnnfarm::scheduler
