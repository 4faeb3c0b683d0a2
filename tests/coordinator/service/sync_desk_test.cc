// Many workers at one desk, without the transport: under the thread sanitizer too, which cannot see
// into gRPC's callbacks.
#include "coordinator/service/sync_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/service/served_farm.h"
#include "tests/coordinator/store/store_folder.h"

namespace rnnfarm::service {
namespace {

constexpr char kSweep[] = "sweeps/tiny";
constexpr int kSeeds = 40, kAttempts = 3;

v1::SyncRequest RequestOf(const std::string& worker, int free_slots) {
  v1::SyncRequest request;
  request.set_worker(absl::StrCat("workers/", worker));
  request.set_free_slots(free_slots);
  request.mutable_capability()->set_max_pack(2);
  request.mutable_capability()->add_kind(v1::JOB_KIND_TRAIN);
  return request;
}

class SyncDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Ledger::Options options;
    options.scheduler.first_backoff = options.scheduler.longest_backoff = absl::Milliseconds(20);
    options.scheduler.idle_sync = absl::Milliseconds(500);
    auto ledger = Ledger::Open(*store_, options);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = *std::move(ledger);
    desk_.emplace(*ledger_, *store_);
  }
  // As a server does: calls end first.
  void TearDown() override {
    desk_->Stop();
    ledger_->Stop();
    desk_.reset();
  }

  void Submit() {
    scheduler::Submit submit;
    *submit.request.mutable_spec() = TinySweep();
    submit.request.mutable_spec()->mutable_seeds()->set_count(kSeeds);
    submit.request.mutable_spec()->mutable_limits()->set_max_attempts(kAttempts);
    const auto reply = ledger_->Call(submit);
    ASSERT_TRUE(reply.ok()) << reply.status();
  }
  v1::Sweep Sweep() {
    v1::Sweep sweep;
    EXPECT_TRUE(ledger_
                    ->Read([&](const scheduler::Scheduler& scheduler) {
                      if (auto found = scheduler.GetSweep(kSweep); found.ok())
                        sweep = *std::move(found);
                    })
                    .ok());
    return sweep;
  }
  bool Trained() {
    const v1::Sweep sweep = Sweep();
    if (sweep.stages().empty()) return false;  // not submitted yet
    return sweep.stages(0).pending() + sweep.stages(0).leased() == 0;
  }

  // A call and how often it was answered.
  struct Call {
    uint64_t id = 0;
    std::atomic<int> answers = 0;
    std::promise<absl::StatusOr<v1::SyncResponse>> answered;
  };
  std::shared_ptr<Call> Open(const v1::SyncRequest& request) {
    auto call = std::make_shared<Call>();
    call->id = desk_->Open(request, [call](const absl::Status& status, v1::SyncResponse response) {
      if (call->answers++ > 0) return;
      if (status.ok()) {
        call->answered.set_value(std::move(response));
      } else {
        call->answered.set_value(status);
      }
    });
    return call;
  }

  store::StoreFolder folder_;
  std::unique_ptr<store::Store> store_ = folder_.MustOpen();
  std::unique_ptr<Ledger> ledger_;
  std::optional<SyncDesk> desk_;
};

TEST_F(SyncDeskTest, ServesManyWorkersAtOnceAndAnswersEachCallOnce) {
  constexpr int kWorkers = 6;
  std::atomic<int> leases = 0;
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w) {
    workers.emplace_back([this, w, &leases] {
      std::vector<std::shared_ptr<Call>> calls;
      v1::SyncRequest request = RequestOf(absl::StrCat("w", w), 2);
      while (!Trained()) {
        calls.push_back(Open(request));
        // Every worker hangs up now and then, and comes again with the same.
        if (calls.size() % 7 == static_cast<size_t>(w)) desk_->Close(calls.back()->id);
        const auto response = calls.back()->answered.get_future().get();
        if (!response.ok()) {
          EXPECT_TRUE(absl::IsCancelled(response.status())) << response.status();
          continue;
        }
        request = RequestOf(absl::StrCat("w", w), 2);
        for (const v1::Lease& lease : response->leases()) {
          ++leases;
          v1::JobReport* report = request.add_reports();
          report->set_job(lease.job());
          report->set_attempt(lease.attempt());
          report->mutable_error()->set_message("slipped");
        }
      }
      for (const auto& call : calls) EXPECT_EQ(call->answers, 1);
    });
  }
  Submit();  // while they wait
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(Sweep().stages(0).failed(), kSeeds);
  EXPECT_GE(leases, kSeeds * kAttempts);
}

TEST_F(SyncDeskTest, WakesWhoWaitsWhenWorkComes) {
  const auto call = Open(RequestOf("w", 1));
  Submit();
  const auto response = call->answered.get_future().get();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->leases_size(), 1);
}

TEST_F(SyncDeskTest, AnswersWhoWaitsWhenItStops) {
  std::vector<std::shared_ptr<Call>> calls;
  for (int w = 0; w < 50; ++w) calls.push_back(Open(RequestOf(absl::StrCat("w", w), 1)));
  std::thread stopper([this] { desk_->Stop(); });
  for (const auto& call : calls) {
    const auto response = call->answered.get_future().get();
    EXPECT_TRUE(response.ok() || absl::IsUnavailable(response.status())) << response.status();
    EXPECT_EQ(call->answers, 1);
  }
  stopper.join();
  const auto late = Open(RequestOf("late", 1));
  EXPECT_EQ(late->id, 0u);
  EXPECT_TRUE(absl::IsUnavailable(late->answered.get_future().get().status()));
}

}  // namespace
}  // namespace rnnfarm::service
