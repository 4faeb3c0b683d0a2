#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> Ids(const std::vector<const v1::Job*>& jobs) {
  std::vector<std::string> ids;
  for (const v1::Job* job : jobs) ids.push_back(job->name().substr(job->name().rfind('/') + 1));
  return ids;
}

TEST(Submit, CreatesRecordsAndJobsInOrder) {
  Farm farm;
  const Effects effects = farm.Submit(KnownSweep("training { keep_untrained: true }"));
  ASSERT_TRUE(effects.status.ok()) << effects.status;
  EXPECT_TRUE(effects.wake_idle);
  const auto& reply = std::get<v1::SubmitSweepResponse>(effects.reply);
  EXPECT_FALSE(reply.already_existed());
  EXPECT_EQ(reply.sweep().state(), v1::SWEEP_STATE_RUNNING);
  EXPECT_EQ(reply.sweep().network_count(), 4);
  EXPECT_THAT(
      Ids(farm.scheduler->JobsOf("sweeps/small")),
      ElementsAre("train-flipflop-gru-tanh-16-l2_1e-05-s0",
                  "train-flipflop-gru-tanh-16-l2_1e-05-s1",
                  "analyze-flipflop-gru-tanh-16-l2_1e-05-s0",
                  "analyze-flipflop-gru-tanh-16-l2_1e-05-s0-untrained",
                  "analyze-flipflop-gru-tanh-16-l2_1e-05-s1",
                  "analyze-flipflop-gru-tanh-16-l2_1e-05-s1-untrained", "compare-flipflop"));
  EXPECT_THAT(farm.jobs, SizeIs(7));
  EXPECT_THAT(farm.networks, SizeIs(4));
  EXPECT_THAT(farm.scheduler->SweepNames(), ElementsAre("sweeps/small"));
}

TEST(Submit, TheSameAgainChangesNothing) {
  Farm farm;
  farm.Submit(KnownSweep());
  // Written out or left to its default, it is the same sweep.
  const Effects again = farm.Submit(KnownSweep("training { iterations: 20000 }"));
  EXPECT_TRUE(std::get<v1::SubmitSweepResponse>(again.reply).already_existed());
  EXPECT_THAT(again.writes, IsEmpty());
}

TEST(Submit, AnotherUnderTheNameNamesTheFirstDifference) {
  Farm farm;
  farm.Submit(KnownSweep());
  for (bool extend : {false, true}) {
    const Effects other = farm.Submit(KnownSweep("training { iterations: 30 }"), extend);
    EXPECT_EQ(other.status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(std::string(other.status.message()), HasSubstr("training.iterations: 20000 -> 30"));
    EXPECT_THAT(std::string(other.status.message()), Not(HasSubstr("--extend")));
    EXPECT_THAT(other.writes, IsEmpty());
  }
}

TEST(Submit, OffersToExtendWhereThatCanHelp) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SweepSpec more = KnownSweep("grid { units: 128 }");
  const std::string offered(farm.Submit(more).status.message());
  EXPECT_THAT(offered, HasSubstr("); as this one only adds to it, extend it with --extend, or"));
  farm.Apply(CancelSweep{"sweeps/small"});
  EXPECT_THAT(std::string(farm.Submit(more).status.message()), Not(HasSubstr("--extend")));
}

TEST(Submit, BadSweepsAreRefusedWithEveryViolation) {
  Farm farm;
  const Effects bad = farm.Submit(KnownSweep("grid { l2: -1 architecture: 'gruu' }"));
  EXPECT_EQ(bad.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.status.message()), HasSubstr("grid.l2[1]: l2 is -1"));
  EXPECT_THAT(std::string(bad.status.message()), HasSubstr("did you mean gru?"));
  EXPECT_THAT(bad.writes, IsEmpty());
  const Effects dataset = farm.Submit(KnownSweep("task { name: 'd' dataset { path: 'a.npz' } }"));
  EXPECT_THAT(std::string(dataset.status.message()), HasSubstr("dataset.digest is empty"));
  Options few;
  few.max_networks = 1;
  EXPECT_THAT(std::string(Farm(few).Submit(KnownSweep()).status.message()),
              HasSubstr("--max-networks"));
}

TEST(Submit, ValidateOnlyPreviewsAndWritesNothing) {
  Farm farm;
  const Effects effects = farm.Submit(KnownSweep(), false, true);
  EXPECT_EQ(std::get<v1::SubmitSweepResponse>(effects.reply).sweep().network_count(), 2);
  EXPECT_THAT(effects.writes, IsEmpty());
  EXPECT_THAT(farm.scheduler->SweepNames(), IsEmpty());
}

TEST(Extend, AddsNetworksAndComparesAgain) {
  Farm farm;
  farm.Submit(KnownSweep());
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  const uint64_t compared = farm.Job("compare-flipflop").attempt();
  const v1::SweepSpec larger = KnownSweep(R"(grid { units: 8 } seeds { count: 3 }
                                             task { name: "sine" sine_wave {} })");
  const Effects effects = farm.Submit(larger, true);
  ASSERT_TRUE(effects.status.ok()) << effects.status;
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_RUNNING);
  EXPECT_EQ(farm.Sweep().network_count(), 12);
  EXPECT_EQ(farm.Job("compare-flipflop").state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s0").state(), v1::NETWORK_STATE_ANALYZED);
  farm.Finish();
  EXPECT_EQ(farm.Job("compare-flipflop").attempt(), compared + 1);
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_TRUE(std::get<v1::SubmitSweepResponse>(farm.Submit(larger, true).reply).already_existed());
}

TEST(Extend, OrderIsTheSameAfterARestart) {
  Farm farm;
  farm.Submit(KnownSweep("grid { units: 64 }"));
  farm.Submit(KnownSweep("grid { units: [64, 8] } seeds { count: 3 }"), true);
  const auto before = Ids(farm.scheduler->JobsOf("sweeps/small"));
  std::vector<std::string> networks;
  for (const v1::Network* each : farm.scheduler->NetworksOf("sweeps/small")) {
    networks.push_back(each->key());
  }
  farm.Restart();
  EXPECT_EQ(Ids(farm.scheduler->JobsOf("sweeps/small")), before);
  std::vector<std::string> after;
  for (const v1::Network* each : farm.scheduler->NetworksOf("sweeps/small")) {
    after.push_back(each->key());
  }
  EXPECT_EQ(after, networks);
}

TEST(Extend, TakesNothingAway) {
  Farm farm;
  farm.Submit(KnownSweep("grid { units: 8 }"));
  const Effects fewer = farm.Submit(KnownSweep(), true);
  EXPECT_EQ(fewer.status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(fewer.status.message()),
              HasSubstr("removed: configuration flipflop-gru-tanh-8-l2_1e-05"));
  v1::SweepSpec other_rate = KnownSweep("grid { units: 8 }");
  other_rate.mutable_hyperparameters(0)->set_learning_rate(0.2);
  EXPECT_THAT(std::string(farm.Submit(other_rate, true).status.message()),
              HasSubstr("known hyperparameters"));
}

TEST(Load, RefusesRecordsWhoseOwnerIsMissing) {
  Farm farm;
  farm.Submit(KnownSweep());
  const auto load = [&](int left_out) {
    Scheduler scheduler(farm.options);
    const auto load_all = [&](const auto& records, bool without_first) {
      bool skip = without_first;
      for (const auto& [key, record] : records) {
        if (!std::exchange(skip, false)) scheduler.Load(record);
      }
    };
    load_all(farm.sweeps, left_out == 0);
    load_all(farm.configurations, left_out == 1);
    load_all(farm.networks, left_out == 2);
    load_all(farm.jobs, left_out == 3);
    return scheduler.FinishLoading(farm.now);
  };
  EXPECT_TRUE(load(-1).ok());
  for (int left_out : {0, 1, 2, 3}) {
    const absl::Status status = load(left_out);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << left_out << status;
  }
}

TEST(Sweep, RunsToItsEndAndComparesOnceAndLast) {
  Farm farm;
  farm.Submit(KnownSweep());
  farm.Finish();
  const v1::Sweep sweep = farm.Sweep();
  EXPECT_EQ(sweep.state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_TRUE(sweep.has_end_time());
  ASSERT_THAT(sweep.stages(), SizeIs(3));
  EXPECT_EQ(sweep.stages(0).kind(), v1::JOB_KIND_TRAIN);
  EXPECT_EQ(sweep.stages(0).succeeded(), 2);
  EXPECT_EQ(farm.Job("compare-flipflop").attempt(), 1);
  const v1::Network& network = farm.Network(std::string(kKey) + "-s1");
  EXPECT_TRUE(network.included());
  EXPECT_EQ(network.hyperparameters().learning_rate(), 0.1);
  EXPECT_THAT(network.artifacts(), SizeIs(3));
  EXPECT_EQ(network.fixed_points().conditions(0).unique(), 27);
}

TEST(Cancel, EndsPendingJobsAndDropsRunningOnes) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse granted = farm.Sync("w", 1);
  ASSERT_THAT(granted.leases(), SizeIs(1));
  EXPECT_TRUE(farm.Apply(CancelSweep{"sweeps/small"}).status.ok());
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_CANCELLED);
  v1::SyncRequest request = Farm::Request("w", 8);
  v1::HeldLease& held = *request.add_held();
  held.set_job(granted.leases(0).job());
  held.set_attempt(granted.leases(0).attempt());
  *request.add_reports() = Farm::Result(granted.leases(0));
  const v1::SyncResponse response = farm.Sync(request);
  EXPECT_THAT(response.dropped(), ElementsAre(granted.leases(0).job()));
  EXPECT_EQ(response.outcomes(0).code(), "ABORTED");
  EXPECT_THAT(response.leases(), IsEmpty());
  for (const v1::Job* job : farm.scheduler->JobsOf("small")) {
    EXPECT_EQ(job->state(), v1::JOB_STATE_CANCELLED);
  }
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s0").state(), v1::NETWORK_STATE_CANCELLED);
  EXPECT_TRUE(farm.Apply(CancelSweep{"sweeps/small"}).status.ok());
  EXPECT_EQ(farm.Apply(ResumeSweep{"sweeps/small"}).status.code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(farm.Apply(CancelSweep{"sweeps/none"}).status.code(), absl::StatusCode::kNotFound);
}

TEST(Pause, GrantsNothingUntilResumed) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse running = farm.Sync("w", 1);
  farm.Apply(PauseSweep{"sweeps/small"});
  EXPECT_FALSE(farm.scheduler->HasWorkFor(Farm::Request("v", 8), farm.now));
  EXPECT_THAT(farm.Sync("v", 8).leases(), IsEmpty());
  EXPECT_TRUE(farm.Report("w", Farm::Result(running.leases(0))).accepted());
  farm.Restart();
  EXPECT_THAT(farm.Sync("v", 8).leases(), IsEmpty());
  EXPECT_TRUE(farm.Apply(ResumeSweep{"sweeps/small"}).wake_idle);
  EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::Request("v", 8), farm.now));
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(Retry, GivesAFailedTrainingAndWhatDependedOnItAnotherChance) {
  Farm farm;
  farm.Submit(KnownSweep("limits { max_attempts: 1 }"));
  const v1::SyncResponse granted = farm.Sync("w", 1);
  farm.Report("w", Farm::Error(granted.leases(0), "out of memory"));
  farm.Finish();
  const std::string network = std::string(kKey) + "-s0";
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_FAILED);
  EXPECT_EQ(farm.Network(network).state(), v1::NETWORK_STATE_FAILED);
  EXPECT_EQ(farm.Network(network).excluded_reason(), "training failed: out of memory");
  EXPECT_EQ(farm.Job("analyze-" + network).state(), v1::JOB_STATE_CANCELLED);
  const std::string name = "sweeps/small/jobs/train-" + network;
  EXPECT_THAT(farm.Apply(RetryJobs{{name}, true}).writes, IsEmpty());
  EXPECT_TRUE(farm.Apply(RetryJobs{{name}, false}).status.ok());
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_RUNNING);
  EXPECT_EQ(farm.Job("analyze-" + network).state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(farm.Job("train-" + network).errors(), 0);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_TRUE(farm.Network(network).included());
  EXPECT_EQ(farm.Network(network).excluded_reason(), "");
  EXPECT_EQ(farm.Job("compare-flipflop").attempt(), 2);
  EXPECT_EQ(farm.Apply(RetryJobs{{name}, false}).status.code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(farm.Apply(RetryJobs{{"sweeps/small/jobs/none"}, false}).status.code(),
            absl::StatusCode::kNotFound);
}

TEST(Apply, TheSameEventsGiveTheSameRecords) {
  const auto run = [] {
    Farm farm;
    farm.Submit(SearchedSweep("grid { architecture: ['lstm', 'vanilla'] }"));
    farm.Finish();
    std::string bytes;
    for (const auto& [name, job] : farm.jobs) bytes += job.DebugString();
    for (const auto& [name, each] : farm.configurations) bytes += each.DebugString();
    return bytes;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace rnnfarm::scheduler
