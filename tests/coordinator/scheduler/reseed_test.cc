// Trainings that a person gives another seed.
#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kNetwork = std::string(kKey) + "-s0";
const std::string kTrain = "sweeps/small/jobs/train-" + kNetwork;

class Reseed : public testing::Test {
 protected:
  // The first network's training diverges, all else succeeds.
  void SetUp() override {
    farm_.Submit(KnownSweep("training { keep_untrained: true }"));
    Diverge();
    farm_.Finish();
  }
  v1::Lease LeaseOne() {
    const v1::SyncResponse granted = farm_.Sync("w", 1);
    EXPECT_THAT(granted.leases(), SizeIs(1));
    return granted.leases(0);
  }
  // The next job, which is the training of the first network.
  void Diverge() {
    v1::SyncResponse granted = farm_.Sync("w", 1000, 1);
    for (const v1::Lease& lease : granted.leases()) {
      EXPECT_TRUE(
          farm_.Report("w", lease.job() == kTrain ? Farm::Diverged(lease) : Farm::Result(lease))
              .accepted());
    }
  }
  absl::Status Retry(bool reseed) { return farm_.Apply(RetryJobs{{kTrain}, false, reseed}).status; }

  Farm farm_;
};

TEST_F(Reseed, ADivergedTrainingIsNotTriedAgainWithTheSameSeed) {
  EXPECT_EQ(farm_.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_EQ(farm_.Job("train-" + kNetwork).reason(), "training diverged at iteration 17");
  const absl::Status status = Retry(false);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("with the same seed it would diverge again"));
}

TEST_F(Reseed, GivesItAnotherSeedAndComparesAgain) {
  EXPECT_THAT(farm_.Apply(RetryJobs{{kTrain}, true, true}).writes, IsEmpty());
  const uint64_t compared = farm_.Job("compare-flipflop").attempt();
  ASSERT_TRUE(Retry(true).ok());
  const v1::Network& network = farm_.Network(kNetwork);
  EXPECT_EQ(network.reseeds(), 1);
  EXPECT_EQ(network.seed(), 0);
  EXPECT_EQ(network.state(), v1::NETWORK_STATE_PENDING);
  EXPECT_FALSE(network.has_training() || network.has_hyperparameters());
  EXPECT_EQ(network.excluded_reason(), "");
  EXPECT_EQ(farm_.Job("train-" + kNetwork).reason(), "");
  EXPECT_EQ(farm_.Job("analyze-" + kNetwork).state(), v1::JOB_STATE_PENDING);
  EXPECT_THAT(
      farm_.Story("train-" + kNetwork),
      HasSubstr("RETRIED 0 : retried by a person with another seed, the network's number 1"));
  EXPECT_EQ(farm_.Sweep().state(), v1::SWEEP_STATE_RUNNING);

  const v1::Lease lease = LeaseOne();
  EXPECT_EQ(lease.spec().stream_key(), kNetwork + "-reseed1");
  EXPECT_EQ(lease.attempt(), 2);
  EXPECT_TRUE(farm_.Report("w", Farm::Result(lease)).accepted());
  farm_.Finish();
  EXPECT_EQ(farm_.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_TRUE(farm_.Network(kNetwork).included());
  EXPECT_EQ(farm_.Network(kNetwork).artifacts().at("states"),
            "states " + kNetwork + "-reseed1@200000");
  EXPECT_EQ(farm_.Job("compare-flipflop").attempt(), compared + 1);
  // What is trained from its own seed has its own control, and that stays.
  EXPECT_EQ(farm_.Network(kNetwork + "-untrained").reseeds(), 0);
}

TEST_F(Reseed, IsKeptOverARestartAndCountsOn) {
  ASSERT_TRUE(Retry(true).ok());
  farm_.Restart();
  EXPECT_EQ(farm_.Network(kNetwork).reseeds(), 1);
  Diverge();
  farm_.Finish();
  ASSERT_TRUE(Retry(true).ok());
  farm_.Restart();
  EXPECT_EQ(LeaseOne().spec().stream_key(), kNetwork + "-reseed2");
}

TEST_F(Reseed, StaysWhenTheSweepIsExtended) {
  ASSERT_TRUE(Retry(true).ok());
  const Effects extended =
      farm_.Submit(KnownSweep("training { keep_untrained: true } seeds { count: 3 }"), true);
  ASSERT_TRUE(extended.status.ok()) << extended.status;
  EXPECT_EQ(farm_.Network(kNetwork).reseeds(), 1);
  EXPECT_EQ(farm_.Network(std::string(kKey) + "-s2").reseeds(), 0);
  bool seen = false;
  const v1::SyncResponse granted = farm_.Sync("w", 1000);
  for (const v1::Lease& lease : granted.leases()) {
    if (lease.job() != kTrain) continue;
    EXPECT_EQ(lease.spec().stream_key(), kNetwork + "-reseed1");
    seen = true;
  }
  EXPECT_TRUE(seen);
}

TEST_F(Reseed, TheOldAttemptComesTooLate) {
  v1::JobReport late;
  late.set_job(kTrain);
  late.set_attempt(1);
  late.mutable_result()->set_diverged(true);
  EXPECT_TRUE(farm_.Report("w", late).accepted()) << "the same result again";
  ASSERT_TRUE(Retry(true).ok());
  EXPECT_EQ(farm_.Report("w", late).code(), "ABORTED");
  EXPECT_EQ(farm_.Job("train-" + kNetwork).state(), v1::JOB_STATE_PENDING);
}

TEST(ReseedOfAFailure, BeginsAnewAndLeavesAnalysesTheirSeed) {
  Farm farm;
  farm.Submit(KnownSweep("limits { max_attempts: 1 }"));
  const v1::SyncResponse granted = farm.Sync("w", 2);
  ASSERT_THAT(granted.leases(), SizeIs(2));
  EXPECT_TRUE(farm.Report("w", Farm::Checkpoint(granted.leases(0), 1000)).accepted());
  farm.Report("w", Farm::Error(granted.leases(0), "out of luck"));
  farm.Report("w", Farm::Result(granted.leases(1)));
  const v1::Lease analysis = farm.Sync("w", 1).leases(0);
  ASSERT_EQ(analysis.spec().kind(), v1::JOB_KIND_ANALYZE);
  farm.Report("w", Farm::Error(analysis, "no luck either"));
  ASSERT_TRUE(farm.Apply(RetryJobs{{kTrain, analysis.job()}, false, true}).status.ok());
  EXPECT_EQ(farm.Network(kNetwork).reseeds(), 1);
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s1").reseeds(), 0);
  const v1::SyncResponse again = farm.Sync("w", 1000);
  for (const v1::Lease& lease : again.leases()) {
    if (lease.job() != kTrain) continue;
    EXPECT_EQ(lease.spec().resume_from(), "");
  }
}

TEST(Attempts, TellWhatTheyTookOfTheWorker) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 5 }"));
  v1::SyncRequest request = Farm::Request("device", 0, 2);
  request.set_free_packs(2);
  const v1::SyncResponse granted = farm.Sync(request);
  EXPECT_THAT(granted.leases(), SizeIs(4));
  for (const v1::Lease& lease : granted.leases()) {
    const v1::Attempt& attempt = farm.scheduler->FindJob(lease.job())->attempts(0);
    EXPECT_TRUE(attempt.on_device());
    EXPECT_EQ(attempt.pack_size(), 2);
  }
  const v1::Lease last = farm.Sync("threads", 1).leases(0);
  EXPECT_FALSE(farm.scheduler->FindJob(last.job())->attempts(0).on_device());
  EXPECT_EQ(farm.scheduler->FindJob(last.job())->attempts(0).pack_size(), 1);
}

}  // namespace
}  // namespace rnnfarm::scheduler
