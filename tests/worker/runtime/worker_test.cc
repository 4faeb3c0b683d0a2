#include "worker/runtime/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/array_file.h"
#include "tests/worker/runtime/fake_coordinator.h"
#include "worker/rnn/network_file.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

using testing::HasSubstr;

constexpr int kUnits = 6;

v1::JobSpec Spec(int64_t iterations) {
  v1::JobSpec spec;
  spec.set_kind(v1::JOB_KIND_TRAIN);
  spec.set_base_seed(11);
  spec.set_stream_key("memory-vanilla-tanh-6-l2_0-s0");
  spec.mutable_task()->set_name("memory");
  spec.mutable_task()->mutable_flip_flop()->set_bits(1);
  spec.mutable_task()->mutable_flip_flop()->set_steps(10);
  spec.set_architecture("vanilla");
  spec.set_activation("tanh");
  spec.set_units(kUnits);
  spec.mutable_training()->set_iterations(iterations);
  spec.mutable_training()->set_batch_size(8);
  spec.mutable_training()->set_validation_trials(16);
  // Points of the curve and checkpoints by the second, not by the microsecond.
  const bool is_short = iterations < 1000;
  spec.mutable_training()->set_checkpoint_every(is_short ? 20 : 2000);
  spec.mutable_training()->set_log_every(is_short ? 5 : 500);
  spec.mutable_hyperparameters()->set_learning_rate(0.01);
  spec.mutable_hyperparameters()->set_lr_decay(0.5);
  spec.mutable_hyperparameters()->set_momentum(0.5);
  spec.mutable_hyperparameters()->set_clip_norm(1);
  spec.set_until_iteration(iterations);
  return spec;
}

v1::Lease LeaseOf(const std::string& job, uint64_t attempt, v1::JobSpec spec) {
  v1::Lease lease;
  lease.set_job(job);
  lease.set_attempt(attempt);
  lease.set_pack(1);
  *lease.mutable_spec() = std::move(spec);
  return lease;
}

// Longer than any test waits; ended from outside.
constexpr int64_t kEndless = 100'000'000;
// A few seconds of training.
constexpr int64_t kLong = 300'000;

class WorkerTest : public testing::Test {
 protected:
  ~WorkerTest() override { Drain().IgnoreError(); }

  void StartWorker(absl::Duration outage_limit = absl::Seconds(30), Options options = {}) {
    options.coordinator = coordinator_.address();
    options.name = "tested";
    options.threads = 2;
    options.outage_limit = outage_limit;
    worker_.emplace(options);
    thread_ = std::thread([this] { end_ = worker_->Run(); });
  }
  absl::Status Drain() {
    if (worker_) worker_->RequestDrain();
    return Join();
  }
  absl::Status Join() {
    if (thread_.joinable()) thread_.join();
    worker_.reset();
    return end_;
  }
  v1::JobReport WaitForEnd(const std::string& job) {
    return coordinator_.WaitForReport([&job](const v1::JobReport& report) {
      return report.job() == job && !report.has_checkpoint();
    });
  }
  // The network file that `iterations` of training end with, undisturbed.
  std::string CalmNetwork(int64_t iterations) {
    coordinator_.Grant(LeaseOf("jobs/calm", 1, Spec(iterations)));
    const v1::JobReport report = WaitForEnd("jobs/calm");
    EXPECT_TRUE(report.has_result()) << report.DebugString();
    return coordinator_.Artifact(report.result().artifacts().at("network"));
  }
  bool WaitUntilRunning(const std::string& job) {
    return coordinator_.WaitUntil([&] { return coordinator_.ProgressOf(job).iteration() > 0; });
  }

  FakeCoordinator coordinator_;
  std::optional<Worker> worker_;
  std::thread thread_;
  absl::Status end_;
};

TEST_F(WorkerTest, TrainsUploadsAndReports) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  const v1::JobReport report = WaitForEnd("jobs/a");
  ASSERT_TRUE(report.has_result()) << report.DebugString();
  EXPECT_EQ(report.result().training().iterations(), 60);
  EXPECT_EQ(report.result().training().engine(), "cpu");
  EXPECT_EQ(report.result().training().zero_output_mse(), 1);
  const auto& artifacts = report.result().artifacts();
  ASSERT_TRUE(artifacts.contains("network") && artifacts.contains("checkpoint"));
  const std::string bytes = coordinator_.Artifact(artifacts.at("network"));
  const auto network = rnn::DecodeNetwork(bytes, "network");
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->spec.units, kUnits);
  const base::Archive archive = base::Archive::Decode(bytes, "network").value();
  EXPECT_THAT(archive.Find("meta").value()->ToText().value(),
              HasSubstr("\"key\": \"memory-vanilla-tanh-6-l2_0-s0\""));
  ASSERT_FALSE(network->loss_curve.empty());
  EXPECT_EQ(network->loss_curve.back().iteration, 60);
  EXPECT_TRUE(Drain().ok());
  EXPECT_TRUE(coordinator_.syncs().back().draining());
}

TEST_F(WorkerTest, TransferThatBreaksIsNoFaultOfTheJob) {
  coordinator_.RefuseUploads(1'000'000, grpc::StatusCode::INTERNAL);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  const v1::JobReport report = WaitForEnd("jobs/a");
  EXPECT_TRUE(report.has_error() && report.error().transient()) << report.DebugString();
  EXPECT_THAT(report.error().message(), HasSubstr("INTERNAL"));
}

TEST_F(WorkerTest, SearchReportsWhereTheNextRungResumes) {
  v1::JobSpec spec = Spec(60);
  spec.set_kind(v1::JOB_KIND_SEARCH);
  spec.set_until_iteration(20);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/rung0", 1, spec));
  const v1::JobReport first = WaitForEnd("jobs/rung0");
  ASSERT_TRUE(first.has_result()) << first.DebugString();
  EXPECT_EQ(first.result().artifacts_size(), 2);
  const auto curve =
      base::DecodeNpy(coordinator_.Artifact(first.result().artifacts().at("curve")), "curve");
  ASSERT_TRUE(curve.ok()) << curve.status();
  EXPECT_EQ(curve->shape, (std::vector<int64_t>{5, 3}));  // iterations 0, 5, 10, 15 and 20
  spec.set_kind(v1::JOB_KIND_TRAIN);
  spec.set_until_iteration(60);
  spec.set_resume_from(first.result().artifacts().at("checkpoint"));
  coordinator_.Grant(LeaseOf("jobs/rung1", 1, spec));
  const v1::JobReport second = WaitForEnd("jobs/rung1");
  ASSERT_TRUE(second.has_result()) << second.DebugString();
  EXPECT_TRUE(coordinator_.Artifact(second.result().artifacts().at("network")) == CalmNetwork(60));
}

TEST_F(WorkerTest, ADrawThatDivergesLeavesItsCurveAndLastFiniteLoss) {
  v1::JobSpec spec = Spec(60);
  spec.set_kind(v1::JOB_KIND_SEARCH);
  spec.set_activation("relu");
  spec.mutable_hyperparameters()->set_learning_rate(1e30);
  spec.mutable_hyperparameters()->set_clip_norm(1e30);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, spec));
  const v1::JobReport report = WaitForEnd("jobs/a");
  ASSERT_TRUE(report.has_result()) << report.DebugString();
  EXPECT_TRUE(report.result().diverged());
  EXPECT_TRUE(report.result().training().has_last_finite_loss());
  EXPECT_EQ(report.result().artifacts_size(), 1);
  EXPECT_TRUE(report.result().artifacts().contains("curve"));
}

TEST_F(WorkerTest, TellsHowFastItIs) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  ASSERT_TRUE(coordinator_.WaitUntil(
      [&] { return coordinator_.ProgressOf("jobs/a").operations_per_second() > 0; }));
  // Sanitizers leave a thousandth of it.
  EXPECT_GT(coordinator_.syncs().back().capability().peak_flops_per_core(), 1e7);
  const double share = coordinator_.ProgressOf("jobs/a").share_of_peak();
  EXPECT_TRUE(share > 0 && share < 1) << share;
}

TEST_F(WorkerTest, MembersOfAPackEndOneByOneWithTheSameBytesAsAlone) {
  StartWorker();
  v1::JobSpec bad = Spec(60);
  bad.set_l2(-1);
  v1::JobSpec other = Spec(60);
  other.set_stream_key("memory-vanilla-tanh-6-l2_0-s1");
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  coordinator_.Grant(LeaseOf("jobs/b", 1, other));
  coordinator_.Grant(LeaseOf("jobs/bad", 1, bad));
  const v1::JobReport a = WaitForEnd("jobs/a");
  const v1::JobReport b = WaitForEnd("jobs/b");
  ASSERT_TRUE(a.has_result() && b.has_result()) << a.DebugString() << b.DebugString();
  EXPECT_NE(a.result().artifacts().at("network"), b.result().artifacts().at("network"));
  const v1::JobReport refused = WaitForEnd("jobs/bad");
  EXPECT_THAT(refused.error().message(), HasSubstr("l2 is -1"));
  EXPECT_FALSE(refused.error().transient());
  EXPECT_TRUE(coordinator_.Artifact(a.result().artifacts().at("network")) == CalmNetwork(60));
}

TEST_F(WorkerTest, MemberThatEndsEarlyIsReportedWhileTheOthersTrain) {
  v1::JobSpec early = Spec(kEndless);
  early.set_until_iteration(2000);
  coordinator_.Grant(LeaseOf("jobs/early", 1, early));
  coordinator_.Grant(LeaseOf("jobs/late", 1, Spec(kEndless)));
  StartWorker();
  EXPECT_TRUE(WaitForEnd("jobs/early").has_result());
  EXPECT_TRUE(WaitUntilRunning("jobs/late"));
  EXPECT_TRUE(coordinator_.Holds("jobs/late"));
}

TEST_F(WorkerTest, NetworkLargerThanTheMemoryIsToldAsSuch) {
  Options options;
  options.memory_bytes = 10'000;
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  StartWorker(absl::Seconds(30), options);
  const v1::JobReport report = WaitForEnd("jobs/a");
  EXPECT_TRUE(report.error().out_of_memory()) << report.DebugString();
  EXPECT_TRUE(report.error().transient());
  EXPECT_EQ(report.error().memory_bytes(), 10'000);
  EXPECT_EQ(coordinator_.syncs().back().capability().memory_bytes(), 10'000);
  EXPECT_THAT(report.error().message(), HasSubstr("--memory"));
}

TEST_F(WorkerTest, MemberThatWaitsForMemoryShowsSignsOfLife) {
  const v1::JobSpec spec = Spec(kEndless);
  const auto task = task::MakeTask(*TaskSpecOf(spec.task(), "")).value();
  const auto cell = CellSpecOf(spec, *task).value();
  const auto engine = engine::MakeEngine("cpu").value();
  const engine::Member member = MemberOf(spec, cell).value();
  Options options;  // for one of the two
  options.memory_bytes =
      engine->MemoryBytes(PlanOf(spec, *task).value(), std::vector{member, member}, 1);
  coordinator_.Grant(LeaseOf("jobs/a", 1, spec));
  coordinator_.Grant(LeaseOf("jobs/b", 1, spec));
  StartWorker(absl::Seconds(30), options);
  const auto counter = [&](const std::string& job) {
    return coordinator_.ProgressOf(job).counter();
  };
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  const uint64_t a = counter("jobs/a"), b = counter("jobs/b");
  EXPECT_TRUE(coordinator_.WaitUntil(
      [&] { return counter("jobs/a") > a + 3 && counter("jobs/b") > b + 3; }));
  EXPECT_EQ(coordinator_.ProgressOf("jobs/b").iteration(), 0);
}

TEST_F(WorkerTest, UploadsTravelOnAConnectionOfTheirOwn) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  ASSERT_TRUE(WaitForEnd("jobs/a").has_result());
  const auto syncs = coordinator_.sync_peers(), uploads = coordinator_.upload_peers();
  EXPECT_EQ(syncs.size(), 1);
  EXPECT_EQ(uploads.size(), 1);
  EXPECT_NE(syncs, uploads);
}

TEST_F(WorkerTest, UploadThatHangsStopsTheCounterButNotTheHeartbeat) {
  coordinator_.HoldUploads(true);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  ASSERT_TRUE(coordinator_.WaitUntil([&] { return coordinator_.held_uploads() > 0; }));
  const size_t before = coordinator_.syncs().size();
  ASSERT_TRUE(coordinator_.WaitUntil([&] { return coordinator_.syncs().size() > before + 3; }));
  const uint64_t counter = coordinator_.ProgressOf("jobs/a").counter();
  ASSERT_TRUE(coordinator_.WaitUntil([&] { return coordinator_.syncs().size() > before + 9; }));
  EXPECT_EQ(coordinator_.ProgressOf("jobs/a").counter(), counter);
  EXPECT_EQ(coordinator_.ProgressOf("jobs/a").phase(), "uploading");
  coordinator_.HoldUploads(false);
  EXPECT_TRUE(WaitForEnd("jobs/a").has_result());
}

TEST_F(WorkerTest, AnalysesAnUntrainedNetwork) {
  v1::JobSpec spec = Spec(60);
  spec.set_kind(v1::JOB_KIND_ANALYZE);
  spec.set_untrained(true);
  spec.mutable_fixed_points()->set_starts(32);
  spec.mutable_fixed_points()->set_rounds(1);
  spec.mutable_fixed_point_graph()->set_runs(4);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/analysis", 1, spec));
  const v1::JobReport report = WaitForEnd("jobs/analysis");
  ASSERT_TRUE(report.has_result()) << report.DebugString();
  EXPECT_EQ(report.result().fixed_points().conditions_size(), 1);
  const auto& artifacts = report.result().artifacts();
  const auto states = base::DecodeNpy(coordinator_.Artifact(artifacts.at("states")), "states");
  ASSERT_TRUE(states.ok()) << states.status();
  EXPECT_EQ(states->shape.back(), kUnits);
  const auto points =
      base::Archive::Decode(coordinator_.Artifact(artifacts.at("fixed_points")), "");
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_TRUE(points->Has("xstar"));
}

TEST_F(WorkerTest, DrainGivesTheLeaseBackWithACheckpointThatLeadsToTheSameBytes) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kLong)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  EXPECT_TRUE(Drain().ok());
  EXPECT_EQ(WaitForEnd("jobs/a").returned().reason(), "drained");
  v1::Checkpoint newest;
  for (const v1::JobReport& report : coordinator_.accepted()) {
    if (report.has_checkpoint()) newest = report.checkpoint();
  }
  ASSERT_GT(newest.iteration(), 0);
  ASSERT_LT(newest.iteration(), kLong);
  EXPECT_TRUE(coordinator_.syncs().back().held().empty());

  v1::JobSpec rest = Spec(kLong);
  rest.set_resume_from(newest.digest());
  coordinator_.Grant(LeaseOf("jobs/resumed", 2, rest));
  StartWorker();
  const v1::JobReport report = WaitForEnd("jobs/resumed");
  ASSERT_TRUE(report.has_result()) << report.DebugString();
  EXPECT_TRUE(coordinator_.Artifact(report.result().artifacts().at("network")) ==
              CalmNetwork(kLong));
}

TEST_F(WorkerTest, CoordinatorsOrderDrains) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  coordinator_.OrderDrain();
  EXPECT_TRUE(Join().ok());
  EXPECT_TRUE(WaitForEnd("jobs/a").has_returned());
}

TEST_F(WorkerTest, DroppedLeaseStopsAndSaysNothingMore) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  coordinator_.Drop("jobs/a");
  ASSERT_TRUE(coordinator_.WaitUntil([&] {
    return !coordinator_.Holds("jobs/a") && coordinator_.syncs().back().free_slots() == 2;
  }));
  for (const v1::JobReport& report : coordinator_.accepted()) {
    EXPECT_TRUE(report.has_checkpoint());
  }
}

TEST_F(WorkerTest, CommitsCheckpointsOnTheWay) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  const v1::JobReport report = coordinator_.WaitForReport(
      [](const v1::JobReport& report) { return report.has_checkpoint(); });
  EXPECT_EQ(report.checkpoint().iteration() % 20, 0);
  EXPECT_FALSE(coordinator_.Artifact(report.checkpoint().digest()).empty());
}

TEST_F(WorkerTest, JobOutOfTimeIsAnError) {
  v1::JobSpec spec = Spec(kEndless);
  spec.mutable_timeout()->set_nanos(300'000'000);
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, spec));
  EXPECT_THAT(WaitForEnd("jobs/a").error().message(), HasSubstr("limits.job_timeout"));
}

TEST_F(WorkerTest, RidesThroughAnOutage) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kLong)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  coordinator_.Stop();
  absl::SleepFor(absl::Seconds(1));
  coordinator_.Start();
  const v1::JobReport report = WaitForEnd("jobs/a");
  ASSERT_TRUE(report.has_result()) << report.DebugString();
  EXPECT_TRUE(coordinator_.Artifact(report.result().artifacts().at("network")) ==
              CalmNetwork(kLong));
}

TEST_F(WorkerTest, ReturnsWithinATermHoweverLongTheOutage) {
  coordinator_.set_lease_term(absl::Seconds(1));
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  coordinator_.Stop();
  const size_t before = coordinator_.syncs().size();
  // By now the channel on its own would pause for seconds between its tries.
  absl::SleepFor(absl::Seconds(10));
  coordinator_.Start();
  const absl::Time back = absl::Now();
  ASSERT_TRUE(coordinator_.WaitUntil([&] { return coordinator_.syncs().size() > before; }));
  EXPECT_LT(absl::Now() - back, absl::Seconds(1));
}

TEST_F(WorkerTest, AfterAnOutageLongerThanTheTermItAsksBeforeItWrites) {
  coordinator_.set_lease_term(absl::Seconds(1));
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(20'000)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  coordinator_.Stop();
  const size_t before = coordinator_.syncs().size();
  absl::SleepFor(absl::Seconds(2));
  coordinator_.Start();
  ASSERT_TRUE(WaitForEnd("jobs/a").has_result());
  const auto syncs = coordinator_.syncs();
  const auto renewal = std::find_if(syncs.begin() + before, syncs.end(),
                                    [](const auto& sync) { return sync.held_size() == 1; });
  ASSERT_NE(renewal, syncs.end());
  EXPECT_EQ(renewal->held(0).attempt(), 1);
  EXPECT_EQ(renewal->reports_size(), 0);
}

TEST_F(WorkerTest, SupersededAttemptStopsAndTheNewOneEnds) {
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(kEndless)));
  ASSERT_TRUE(WaitUntilRunning("jobs/a"));
  v1::Lease again = LeaseOf("jobs/a", 2, Spec(60));
  again.set_speculative(true);
  coordinator_.Grant(again);
  const v1::JobReport report = WaitForEnd("jobs/a");
  EXPECT_EQ(report.attempt(), 2);
  EXPECT_TRUE(report.has_result());
  EXPECT_TRUE(coordinator_.WaitUntil([&] {
    return !coordinator_.Holds("jobs/a") && coordinator_.syncs().back().free_slots() == 2;
  }));
  for (const v1::JobReport& accepted : coordinator_.accepted()) {
    EXPECT_TRUE(accepted.has_checkpoint() || accepted.attempt() == 2);
  }
}

TEST_F(WorkerTest, GivesUpAfterTheOutageLimit) {
  coordinator_.Stop();
  StartWorker(absl::Milliseconds(300));
  const absl::Status end = Join();
  EXPECT_TRUE(absl::IsUnavailable(end)) << end;
  EXPECT_THAT(std::string(end.message()), HasSubstr(coordinator_.address()));
}

TEST_F(WorkerTest, UnknownEngineIsRefused) {
  Options options;
  options.coordinator = coordinator_.address();
  options.engine = "steam";
  const absl::Status end = Worker(options).Run();
  EXPECT_TRUE(absl::IsInvalidArgument(end)) << end;
}

TEST_F(WorkerTest, CorruptCheckpointIsRefusedAndTheMachinesFault) {
  v1::JobSpec spec = Spec(60);
  spec.set_resume_from(coordinator_.Put("some bytes of a checkpoint"));
  coordinator_.Corrupt(spec.resume_from());
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, spec));
  const v1::JobReport report = WaitForEnd("jobs/a");
  EXPECT_THAT(report.error().message(), HasSubstr("they were thrown away"));
  EXPECT_TRUE(report.error().transient());
}

TEST_F(WorkerTest, FileThatIsNoCheckpointIsTheJobsFault) {
  v1::JobSpec spec = Spec(60);
  spec.set_resume_from(coordinator_.Put("some bytes, but no checkpoint"));
  StartWorker();
  coordinator_.Grant(LeaseOf("jobs/a", 1, spec));
  const v1::JobReport report = WaitForEnd("jobs/a");
  EXPECT_THAT(report.error().message(), HasSubstr(spec.resume_from()));
  EXPECT_FALSE(report.error().transient());
}

TEST_F(WorkerTest, LostAnswerIsAskedForAgainWithTheSameRequest) {
  coordinator_.Grant(LeaseOf("jobs/a", 1, Spec(60)));
  coordinator_.LoseNextResponse();
  StartWorker();
  ASSERT_TRUE(WaitForEnd("jobs/a").has_result());
  const auto syncs = coordinator_.syncs();
  ASSERT_GE(syncs.size(), 3);
  EXPECT_EQ(syncs[0].request_id(), syncs[1].request_id());
  EXPECT_EQ(syncs[0].SerializeAsString(), syncs[1].SerializeAsString());
  EXPECT_NE(syncs[1].request_id(), syncs[2].request_id());
}

TEST_F(WorkerTest, IdleWorkerDrainsAtOnce) {
  StartWorker();
  ASSERT_TRUE(coordinator_.WaitUntil([&] { return !coordinator_.syncs().empty(); }));
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(Drain().ok());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

TEST(DefaultWorkerNameTest, IsAResourceId) {
  EXPECT_THAT(DefaultWorkerName(), testing::MatchesRegex("[a-z][a-z0-9-]{1,62}"));
}

}  // namespace
}  // namespace rnnfarm::worker
