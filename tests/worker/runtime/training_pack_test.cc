#include "worker/runtime/training_pack.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/worker/runtime/fake_coordinator.h"
#include "worker/runtime/pack_observer.h"

namespace rnnfarm::worker {
namespace {

using std::chrono::steady_clock;

constexpr int64_t kMemory = 12'345;

// The real engine on a machine whose memory is enough for so many networks side by side.
class CrampedEngine : public engine::Engine {
 public:
  explicit CrampedEngine(int fitting) : fitting_(fitting) {}

  absl::string_view name() const override { return real_->name(); }
  int64_t MemoryBytes(const engine::Plan& plan, absl::Span<const engine::Member> pack,
                      int threads) const override {
    return real_->MemoryBytes(plan, pack, threads);
  }
  absl::StatusOr<std::vector<engine::Outcome>> Train(const engine::Plan& plan,
                                                     absl::Span<const engine::Member> pack,
                                                     int threads,
                                                     engine::Observer& observer) override {
    tried.push_back(threads);
    if (threads <= fitting_) {
      auto outcomes = real_->Train(plan, pack, threads, observer);
      ++trained;
      return outcomes;
    }
    auto outcomes = real_->Train(plan, pack.first(fitting_), threads, observer);
    if (!outcomes.ok()) return outcomes.status();
    const absl::Status failure = absl::ResourceExhaustedError("no more memory");
    for (size_t i = fitting_; i < pack.size(); ++i) observer.OnFailure(i, failure);
    return failure;
  }

  std::vector<int> tried;
  std::atomic<int> trained = 0;

 private:
  const int fitting_;
  const std::unique_ptr<engine::Engine> real_ = *engine::MakeEngine("cpu");
};

v1::Lease LeaseOf(int number) {
  v1::Lease lease;
  lease.set_job("jobs/" + std::to_string(number));
  lease.set_attempt(1);
  v1::JobSpec& spec = *lease.mutable_spec();
  spec.set_kind(v1::JOB_KIND_TRAIN);
  spec.set_stream_key("s" + std::to_string(number));
  spec.mutable_task()->mutable_flip_flop()->set_bits(1);
  spec.mutable_task()->mutable_flip_flop()->set_steps(5);
  spec.set_architecture("vanilla");
  spec.set_activation("tanh");
  spec.set_units(4);
  spec.mutable_training()->set_iterations(20);
  spec.mutable_training()->set_batch_size(4);
  spec.mutable_training()->set_validation_trials(8);
  spec.mutable_hyperparameters()->set_learning_rate(0.01);
  spec.mutable_hyperparameters()->set_lr_decay(0.5);
  spec.mutable_hyperparameters()->set_clip_norm(1);
  spec.set_until_iteration(20);
  return lease;
}

// A worker's state around its packs.
class TrainingPackTest : public testing::Test {
 protected:
  // The worker has one engine, on a machine or a device that has memory for so many networks.
  CrampedEngine& Equip(int fitting, bool on_device = false) {
    auto engine = std::make_unique<CrampedEngine>(fitting);
    CrampedEngine& made = *engine;
    trainers_.push_back({std::move(engine), /*peak_flops=*/1e15, on_device, "device 0"});
    return made;
  }
  std::vector<v1::Lease> Lease(int first, int count) {
    v1::SyncResponse response;
    response.mutable_lease_term()->set_seconds(600);
    for (int i = first; i < first + count; ++i) *response.add_leases() = LeaseOf(i);
    return leases_.Apply({}, response, steady_clock::now());
  }
  std::vector<v1::JobReport> Reports() {
    v1::SyncRequest request;
    leases_.Fill(request, steady_clock::now());
    return {request.reports().begin(), request.reports().end()};
  }
  // The reports of a pack of `count`.
  std::vector<v1::JobReport> ReportsOf(int count) {
    RunTrainingPack(Lease(0, count), workplace_);
    EXPECT_EQ(leases_.running(), 0);
    return Reports();
  }
  std::vector<v1::JobReport> ReportsOnDevice(int count) {
    const auto place = slots_.Enter();
    RunTrainingPack(Lease(0, count), workplace_, place.get());
    EXPECT_EQ(leases_.running(), 0);
    EXPECT_EQ(slots_.free(), DeviceSlots::kPacksPerDevice);
    return Reports();
  }

  FakeCoordinator coordinator_;
  const std::unique_ptr<v1::ArtifactService::Stub> artifacts_ = v1::ArtifactService::NewStub(
      grpc::CreateChannel(coordinator_.address(), grpc::InsecureChannelCredentials()));
  LeaseTable leases_;
  MemoryBudget budget_{0};
  std::atomic<bool> draining_ = false, leaving_ = false;
  std::vector<Trainer> trainers_;
  DeviceSlots slots_{1};
  AnalysisDevices analysis_devices_{{}};
  Workplace workplace_{leases_,  *artifacts_,      trainers_,        analysis_devices_, draining_,
                       leaving_, absl::Minutes(1), absl::Minutes(1), budget_,           kMemory};
};

TEST_F(TrainingPackTest, WhatDoesNotFitIsTrainedInSmallerParts) {
  const CrampedEngine& engine = Equip(1);
  const auto reports = ReportsOf(5);
  ASSERT_EQ(reports.size(), 5);
  for (const v1::JobReport& report : reports)
    EXPECT_TRUE(report.has_result()) << report.DebugString();
  // The first member fitted at each try: 5, 4, 3 and 2 were left, 5, 3, 2 and 1 were tried
  // together.
  EXPECT_EQ(engine.tried, (std::vector<int>{5, 3, 2, 1}));
}

void ExpectOutOfMemory(const v1::JobReport& report) {
  EXPECT_TRUE(report.error().out_of_memory()) << report.DebugString();
  EXPECT_TRUE(report.error().transient());
  EXPECT_EQ(report.error().memory_bytes(), kMemory);
}

TEST_F(TrainingPackTest, WhatDoesNotFitByOnesIsOutOfMemory) {
  const CrampedEngine& engine = Equip(0);
  const auto reports = ReportsOf(3);
  ASSERT_EQ(reports.size(), 3);
  for (const v1::JobReport& report : reports) ExpectOutOfMemory(report);
  EXPECT_EQ(engine.tried.back(), 1);
}

TEST_F(TrainingPackTest, OnADeviceEachMemberIsReported) {
  Equip(5, true);
  const auto reports = ReportsOnDevice(5);
  ASSERT_EQ(reports.size(), 5);
  for (const v1::JobReport& report : reports) {
    EXPECT_TRUE(report.has_result()) << report.DebugString();
    EXPECT_FALSE(coordinator_.Artifact(report.result().artifacts().at("network")).empty());
  }
}

TEST_F(TrainingPackTest, WhatDoesNotFitOnADeviceIsOutOfMemoryAtOnce) {
  const CrampedEngine& engine = Equip(0, true);
  const auto reports = ReportsOnDevice(3);
  ASSERT_EQ(reports.size(), 3);
  for (const v1::JobReport& report : reports) ExpectOutOfMemory(report);
  EXPECT_EQ(engine.tried.size(), 1);
}

// The results of one pack are still on their way when the next one trains.
TEST_F(TrainingPackTest, ADeviceDoesNotWaitForUploads) {
  const CrampedEngine& engine = Equip(1, true);
  coordinator_.HoldUploads(true);
  std::vector<std::thread> packs;
  for (int i = 0; i < 2; ++i) {
    packs.emplace_back([this, pack = Lease(i, 1)] {
      const auto place = slots_.Enter();
      RunTrainingPack(pack, workplace_, place.get());
    });
  }
  EXPECT_TRUE(coordinator_.WaitUntil([&] { return engine.trained == 2; }));
  EXPECT_EQ(leases_.running(), 2);
  coordinator_.HoldUploads(false);
  for (std::thread& pack : packs) pack.join();
  EXPECT_EQ(Reports().size(), 2);
}

TEST_F(TrainingPackTest, WhatWaitsForADeviceIsGivenBackWhenTheWorkerDrains) {
  const CrampedEngine& engine = Equip(1, true);
  const auto training = slots_.Enter();
  ASSERT_EQ(training->TakeDevice([] { return true; }), 0);
  std::thread pack([this, pack = Lease(0, 2)] {
    const auto place = slots_.Enter();
    RunTrainingPack(pack, workplace_, place.get());
  });
  EXPECT_TRUE(coordinator_.WaitUntil([this] {
    v1::SyncRequest request;
    leases_.Fill(request, steady_clock::now());
    return request.held(1).progress().phase() == "waiting for a device";
  }));
  draining_ = true;
  pack.join();
  ASSERT_EQ(Reports().size(), 2);
  for (const v1::JobReport& report : Reports()) EXPECT_EQ(report.returned().reason(), "drained");
  EXPECT_TRUE(engine.tried.empty());
}

// Two networks that train side by side do together what they are told to do.
TEST_F(TrainingPackTest, TheShareOfADevicesPeakIsThatOfAllItsNetworks) {
  for (const bool on_device : {false, true}) {
    trainers_.clear();
    Equip(2, on_device);
    Job first(LeaseOf(0), workplace_), second(LeaseOf(1), workplace_);
    Pack pack;
    for (Job* job : {&first, &second}) pack.Add(*job, engine::Member());
    Lease(0, 2);
    PackObserver observer(pack, 1, trainers_.front(), workplace_);
    const auto share = [&](size_t member, double operations_per_second) {
      engine::Progress progress;
      progress.operations_per_second = operations_per_second;
      EXPECT_TRUE(observer.OnProgress(member, progress));
      v1::SyncRequest request;
      leases_.Fill(request, steady_clock::now());
      return request.held(static_cast<int>(member)).progress().share_of_peak();
    };
    EXPECT_DOUBLE_EQ(share(0, 2e14), 0.2);
    EXPECT_DOUBLE_EQ(share(1, 3e14), on_device ? 0.5 : 0.3);
    EXPECT_DOUBLE_EQ(share(0, 1e14), on_device ? 0.4 : 0.1);
    observer.OnFailure(0, absl::InternalError("the library failed"));
    EXPECT_DOUBLE_EQ(share(1, 3e14), 0.3);
  }
}

}  // namespace
}  // namespace rnnfarm::worker
