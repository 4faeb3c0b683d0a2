#include "worker/runtime/training_pack.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "tests/worker/runtime/fake_coordinator.h"

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
    if (threads <= fitting_) return real_->Train(plan, pack, threads, observer);
    auto outcomes = real_->Train(plan, pack.first(fitting_), threads, observer);
    if (!outcomes.ok()) return outcomes.status();
    const absl::Status failure = absl::ResourceExhaustedError("no more memory");
    for (size_t i = fitting_; i < pack.size(); ++i) observer.OnFailure(i, failure);
    return failure;
  }

  std::vector<int> tried;

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

// The reports of a pack of `count` on a machine that has memory for `fitting`.
std::vector<v1::JobReport> ReportsOf(int count, CrampedEngine& engine) {
  FakeCoordinator coordinator;
  const auto artifacts = v1::ArtifactService::NewStub(
      grpc::CreateChannel(coordinator.address(), grpc::InsecureChannelCredentials()));
  LeaseTable leases;
  MemoryBudget budget(0);
  const std::atomic<bool> draining = false, leaving = false;
  Workplace workplace{leases,           *artifacts,       engine, draining, leaving,
                      absl::Minutes(1), absl::Minutes(1), budget, kMemory,  0};
  v1::SyncResponse response;
  response.mutable_lease_term()->set_seconds(600);
  for (int i = 0; i < count; ++i) *response.add_leases() = LeaseOf(i);
  RunTrainingPack(leases.Apply({}, response, steady_clock::now()), workplace);
  v1::SyncRequest request;
  leases.Fill(request, steady_clock::now());
  EXPECT_EQ(leases.running(), 0);
  return {request.reports().begin(), request.reports().end()};
}

TEST(TrainingPack, ThatDoesNotFitIsTrainedInSmallerParts) {
  CrampedEngine engine(1);
  const auto reports = ReportsOf(5, engine);
  ASSERT_EQ(reports.size(), 5);
  for (const v1::JobReport& report : reports)
    EXPECT_TRUE(report.has_result()) << report.DebugString();
  // The first member fitted at each try: 5, 4, 3 and 2 were left, 5, 3, 2 and 1 were tried
  // together.
  EXPECT_EQ(engine.tried, (std::vector<int>{5, 3, 2, 1}));
}

TEST(TrainingPack, ThatDoesNotFitByOnesIsOutOfMemory) {
  CrampedEngine engine(0);
  const auto reports = ReportsOf(3, engine);
  ASSERT_EQ(reports.size(), 3);
  for (const v1::JobReport& report : reports) {
    EXPECT_TRUE(report.error().out_of_memory()) << report.DebugString();
    EXPECT_TRUE(report.error().transient());
    EXPECT_EQ(report.error().memory_bytes(), kMemory);
  }
  EXPECT_EQ(engine.tried.back(), 1);
}

}  // namespace
}  // namespace rnnfarm::worker
