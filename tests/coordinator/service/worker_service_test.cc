// What workers ask of the coordinator, over gRPC: leases, reports, transfers.
#include "coordinator/service/worker_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "base/digest.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::HasSubstr;

// Idle calls that stay open side by side.
class ManyCalls {
 public:
  explicit ManyCalls(ServedFarm& farm) : farm_(farm) {
    farm.options.scheduler.idle_sync = absl::Seconds(60);
    farm.Shutdown();
    farm.Start();
  }
  ~ManyCalls() {
    for (auto& call : calls_) {
      call->context.TryCancel();
      call->ended.get_future().wait();
    }
  }

  void Begin(int count, v1::JobKind kind) {
    for (int i = 0; i < count; ++i) {
      auto call = std::make_unique<Call>();
      const std::string name = "w" + std::to_string(calls_.size());
      call->request = FakeWorker(farm_, name).Request(1);
      call->request.mutable_capability()->clear_kind();
      call->request.mutable_capability()->add_kind(kind);
      farm_.workers->async()->Sync(&call->context, &call->request, &call->response,
                                   [this, call = call.get()](grpc::Status status) {
                                     call->status = base::FromGrpc(status);
                                     ++ended_;
                                     call->ended.set_value();
                                   });
      calls_.push_back(std::move(call));
    }
    // Each is known to the scheduler, and those that are answered with nothing are held open.
    ExpectSoon([&] { return WorkersSeen() == calls_.size(); }, "all workers are registered");
  }
  void Cancel(int first, int count) {
    const int before = ended_;
    for (int i = first; i < first + count; ++i) calls_[i]->context.TryCancel();
    ExpectSoon([&] { return ended_ == before + count; }, "cancelled calls end");
  }
  // That as many calls end, well before their time is up.
  void ExpectEnd(int count) {
    ExpectSoon([&] { return ended_ >= count; }, "calls end");
    EXPECT_EQ(ended_, count);
  }
  std::set<std::string> Leased() const {
    std::set<std::string> jobs;
    for (const auto& call : calls_) {
      for (const v1::Lease& lease : call->response.leases()) {
        EXPECT_TRUE(jobs.insert(lease.job()).second) << lease.job() << " was leased twice";
      }
    }
    return jobs;
  }
  const absl::Status& StatusOf(int call) const { return calls_[call]->status; }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::SyncRequest request;
    v1::SyncResponse response;
    absl::Status status;
    std::promise<void> ended;
  };

  size_t WorkersSeen() {
    v1::ListWorkersRequest request;
    request.set_page_size(1000);
    v1::ListWorkersResponse response;
    auto status = farm_.Call(&v1::FarmService::Stub::ListWorkers, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return std::count_if(
        response.workers().begin(), response.workers().end(),
        [](const v1::Worker& worker) { return worker.name() != "workers/coordinator"; });
  }
  template <typename Condition>
  void ExpectSoon(Condition condition, const char* what) {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(condition()) << what;
  }

  ServedFarm& farm_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::atomic<int> ended_ = 0;
};

TEST(WorkerService, RefusesNaNAndDoesTheJobAgain) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker worker(farm, "w");
  const v1::Lease lease = worker.MustLease()[0];
  ASSERT_EQ(lease.spec().kind(), v1::JOB_KIND_TRAIN);
  v1::JobReport report = worker.Result(lease);
  (*report.mutable_result()->mutable_artifacts())["network"] =
      farm.MustUpload(NetworkFile(std::nan("")));
  const v1::ReportOutcome outcome = worker.Report(report);
  EXPECT_FALSE(outcome.accepted());
  EXPECT_EQ(outcome.code(), "INVALID_ARGUMENT");
  EXPECT_THAT(outcome.message(), HasSubstr("weight_hh_l0"));
  const v1::Job job = farm.GetJob(lease.job());
  EXPECT_NE(job.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_THAT(job.DebugString(), HasSubstr("weight_hh_l0"));
  EXPECT_EQ(job.errors(), 1) << "what is wrong in the bytes is the job's own error";
  EXPECT_EQ(job.lost_leases(), 0);
  // Nothing is lost: it is leased again and the sweep ends well.
  worker.Finish("sweeps/tiny");
  EXPECT_EQ(farm.GetSweep("sweeps/tiny").state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_GT(farm.GetJob(lease.job()).attempt(), lease.attempt());
}

TEST(WorkerService, RefusesArtifactsThatAreMissingOrOfAnotherShape) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker worker(farm, "w");
  v1::JobReport report = worker.Result(worker.MustLease()[0]);
  (*report.mutable_result()->mutable_artifacts())["network"] = base::DigestOf("never uploaded");
  v1::ReportOutcome outcome = worker.Report(report);
  EXPECT_FALSE(outcome.accepted());
  EXPECT_EQ(outcome.code(), "NOT_FOUND");
  report = worker.Result(worker.MustLease()[0]);
  (*report.mutable_result()->mutable_artifacts())["network"] = farm.MustUpload(FixedPointsFile());
  outcome = worker.Report(report);
  EXPECT_FALSE(outcome.accepted());
  EXPECT_THAT(outcome.message(), HasSubstr("weight_ih_l0"));
  worker.Finish("sweeps/tiny");
  EXPECT_EQ(farm.GetSweep("sweeps/tiny").state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(WorkerService, GoesOnAfterARestartWithTheLeasesThatWorkersHold) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker worker(farm, "w");
  const v1::Lease lease = worker.MustLease()[0];
  const v1::JobReport result = worker.Result(lease);
  farm.Shutdown();
  farm.Start();
  EXPECT_EQ(farm.GetJob(lease.job()).state(), v1::JOB_STATE_LEASED);
  EXPECT_TRUE(worker.Report(result).accepted());
  EXPECT_EQ(farm.GetJob(lease.job()).state(), v1::JOB_STATE_SUCCEEDED);
  // A report of an attempt that does not hold the lease is fenced off.
  const v1::JobReport next = worker.Result(worker.MustLease()[0]);
  v1::JobReport stale = next;
  stale.set_attempt(stale.attempt() + 1);
  EXPECT_EQ(worker.Report(stale).code(), "ABORTED");
  EXPECT_TRUE(worker.Report(next).accepted());
  worker.Finish("sweeps/tiny");
  farm.Shutdown();
  farm.Start();
  EXPECT_EQ(farm.GetSweep("sweeps/tiny").state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(WorkerService, GivesTheSameLeasesWhenTheAnswerWasLost) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker worker(farm, "w");
  v1::SyncRequest request = worker.Request(1);
  request.set_request_id("r1");
  const v1::SyncResponse first = worker.MustSync(request);
  ASSERT_EQ(first.leases_size(), 1);
  const v1::SyncResponse again = worker.MustSync(request);
  ASSERT_EQ(again.leases_size(), 1);
  EXPECT_EQ(again.leases(0).SerializeAsString(), first.leases(0).SerializeAsString());
  request.set_request_id("r2");
  const v1::SyncResponse next = worker.MustSync(request);
  ASSERT_EQ(next.leases_size(), 1);
  EXPECT_NE(next.leases(0).job(), first.leases(0).job());
}

TEST(WorkerService, HoldsAnIdleCallUntilThereIsWork) {
  ServedFarm farm;
  farm.options.scheduler.idle_sync = absl::Seconds(30);
  farm.Shutdown();
  farm.Start();
  FakeWorker worker(farm, "w");
  auto parked = std::async(std::launch::async, [&] { return worker.Sync(worker.Request(1)); });
  EXPECT_EQ(parked.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  farm.MustSubmit(TinySweep());
  ASSERT_EQ(parked.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  auto response = parked.get();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->leases_size(), 1);
}

TEST(WorkerService, ServesAllIdleCallsOnceThereIsWorkForThem) {
  constexpr int kCalls = 3 * SyncDesk::kServedAtOnce;
  ServedFarm farm;
  ManyCalls calls(farm);
  calls.Begin(kCalls, v1::JOB_KIND_TRAIN);
  v1::SweepSpec spec = TinySweep();
  spec.mutable_seeds()->set_count(kCalls);
  farm.MustSubmit(spec);
  calls.ExpectEnd(kCalls);
  EXPECT_EQ(calls.Leased().size(), kCalls);
}

TEST(WorkerService, FindsTheIdleCallThatTheWorkIsForBehindManyOthers) {
  constexpr int kOthers = SyncDesk::kAskedAtOnce + 10;
  ServedFarm farm;
  ManyCalls calls(farm);
  calls.Begin(kOthers, v1::JOB_KIND_SEARCH);
  calls.Begin(1, v1::JOB_KIND_TRAIN);
  farm.MustSubmit(TinySweep());
  calls.ExpectEnd(1);
  EXPECT_EQ(calls.Leased().size(), 1);
}

TEST(WorkerService, GivesTheWorkOfIdleCallsThatHungUpToOthers) {
  ServedFarm farm;
  ManyCalls calls(farm);
  calls.Begin(20, v1::JOB_KIND_TRAIN);
  calls.Cancel(0, 18);
  EXPECT_TRUE(absl::IsCancelled(calls.StatusOf(0)));
  v1::SweepSpec spec = TinySweep();
  spec.mutable_seeds()->set_count(40);
  farm.MustSubmit(spec);
  calls.ExpectEnd(20);
  EXPECT_FALSE(calls.Leased().empty());
  EXPECT_TRUE(calls.StatusOf(18).ok() && calls.StatusOf(19).ok());
}

TEST(WorkerService, EndsAllIdleCallsWhenShuttingDown) {
  ServedFarm farm;
  ManyCalls calls(farm);
  calls.Begin(100, v1::JOB_KIND_TRAIN);
  farm.Shutdown();
  calls.ExpectEnd(100);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(absl::IsUnavailable(calls.StatusOf(i))) << i;
}

TEST(WorkerService, LetsAnIdleCallGoWhenItsTimeIsUpAndWhenShuttingDown) {
  ServedFarm farm;
  FakeWorker worker(farm, "w");
  const absl::Time start = absl::Now();
  auto response = worker.Sync(worker.Request(1));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->leases_size(), 0);
  EXPECT_EQ(response->next_sync().seconds(), 0);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(600));
  farm.options.scheduler.idle_sync = absl::Seconds(30);
  farm.Shutdown();
  farm.Start();
  auto parked = std::async(std::launch::async, [&] { return worker.Sync(worker.Request(1)); });
  EXPECT_EQ(parked.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  farm.Shutdown();
  ASSERT_EQ(parked.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(absl::IsUnavailable(parked.get().status()));
}

TEST(WorkerService, RefusesNamesThatAreNoWorkers) {
  ServedFarm farm;
  for (const char* name : {"coordinator", ""}) {
    auto response = FakeWorker(farm, name).Sync(FakeWorker(farm, name).Request(1));
    EXPECT_TRUE(absl::IsInvalidArgument(response.status())) << name;
  }
}

TEST(ArtifactService, RefusesBytesOfAnotherDigestAndTakesTheRightOnes) {
  ServedFarm farm;
  const std::string bytes(700'000, 'x');
  const std::string digest = base::DigestOf(bytes);
  std::string wrong = bytes;
  wrong[600'000] = 'y';
  EXPECT_TRUE(absl::IsDataLoss(farm.Upload(digest, wrong)));
  EXPECT_TRUE(absl::IsNotFound(farm.Download(digest).status()));
  EXPECT_TRUE(farm.Upload(digest, bytes).ok());
  EXPECT_EQ(*farm.Download(digest), bytes);
  EXPECT_EQ(*farm.Download(digest, 699'998), "xx");
  EXPECT_TRUE(absl::IsOutOfRange(farm.Download(digest, 700'001).status()));
}

TEST(ArtifactService, ResumesAtTheCommittedOffset) {
  ServedFarm farm;
  std::string bytes(700'000, 'x');
  bytes[699'999] = 'z';
  const std::string digest = base::DigestOf(bytes);
  const absl::Status cut = farm.Upload(digest, bytes.substr(0, 300'000), 0, 700'000);
  EXPECT_TRUE(absl::IsAborted(cut)) << cut;
  farm.Shutdown();
  farm.Start();
  grpc::ClientContext context;
  v1::GetUploadRequest request;
  request.set_digest(digest);
  v1::GetUploadResponse upload;
  ASSERT_TRUE(farm.artifacts->GetUpload(&context, request, &upload).ok());
  EXPECT_EQ(upload.committed_bytes(), 300'000);
  EXPECT_FALSE(upload.complete());
  EXPECT_TRUE(absl::IsOutOfRange(farm.Upload(digest, bytes, 400'000)));
  EXPECT_TRUE(farm.Upload(digest, bytes, 300'000).ok());
  EXPECT_EQ(*farm.Download(digest), bytes);
}

}  // namespace
}  // namespace rnnfarm::service
