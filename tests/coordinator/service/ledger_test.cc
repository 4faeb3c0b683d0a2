#include "coordinator/service/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

// Keeps answers in memory; commits can be held back and can fail.
class FakeStore : public store::Store {
 public:
  absl::Status Commit(const std::vector<store::Batch>& batches) override {
    commit_begun.store(true);
    opened.wait();
    ++commits;
    if (!failure.ok()) return failure;
    if (disk_full) {
      read_only = true;
      return Full();
    }
    for (const store::Batch& batch : batches) {
      sweeps += static_cast<int>(batch.sweeps.size());
      for (const auto& answer : batch.answers) answers.insert(answer);
    }
    return absl::OkStatus();
  }
  absl::Status Load(const Visitor&) override { return absl::OkStatus(); }
  absl::StatusOr<std::string> FindAnswer(absl::string_view id) override {
    auto found = answers.find(std::string(id));
    if (found == answers.end()) return absl::NotFoundError("not answered before");
    return found->second;
  }
  absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(absl::string_view, int64_t, int) override {
    return Unused();
  }
  absl::StatusOr<UploadState> GetUpload(absl::string_view) override { return Unused(); }
  absl::Status AppendUpload(absl::string_view, int64_t, int64_t, absl::string_view) override {
    return Unused();
  }
  absl::StatusOr<v1::Artifact> FinishUpload(absl::string_view, int64_t) override {
    return Unused();
  }
  absl::StatusOr<v1::Artifact> GetArtifact(absl::string_view) override { return Unused(); }
  absl::StatusOr<std::string> ReadArtifact(absl::string_view, int64_t, int64_t) override {
    return Unused();
  }
  absl::StatusOr<std::string> ReadWholeArtifact(absl::string_view) override { return Unused(); }
  absl::StatusOr<v1::Artifact> PutArtifact(absl::string_view) override { return Unused(); }
  absl::Status CheckRoomForSubmission() override { return absl::OkStatus(); }
  absl::Status CheckWritable() override { return read_only ? Full() : absl::OkStatus(); }
  absl::Status Reopen() override {
    if (disk_full) return Full();
    read_only = false;
    return absl::OkStatus();
  }
  absl::StatusOr<store::Garbage> CollectGarbage(absl::Time, std::atomic<bool>*) override {
    return Unused();
  }
  absl::Status Backup(const std::string&, std::atomic<bool>*) override { return Unused(); }

  std::promise<void> gate;
  std::shared_future<void> opened{gate.get_future()};
  std::atomic<bool> commit_begun = false;
  std::atomic<int> commits = 0;
  int sweeps = 0;
  std::map<std::string, std::string> answers;
  absl::Status failure;
  std::atomic<bool> disk_full = false;
  std::atomic<bool> read_only = false;

 private:
  static absl::Status Full() { return absl::ResourceExhaustedError("no space"); }
  static absl::Status Unused() { return absl::UnimplementedError("the ledger has no artifacts"); }
};

scheduler::Submit SubmitOf(const std::string& name) {
  scheduler::Submit submit;
  *submit.request.mutable_spec() = TinySweep(name);
  return submit;
}

TEST(Ledger, GathersWhatWaitsIntoOneCommitAndAnswersDuplicatesAlike) {
  FakeStore store;
  auto ledger = *Ledger::Open(store, {});
  std::vector<std::future<absl::StatusOr<Ledger::Reply>>> calls;
  auto call = [&](const std::string& name, const std::string& key) {
    return std::async(std::launch::async,
                      [&ledger, name, key] { return ledger->Call(SubmitOf(name), key); });
  };
  calls.push_back(call("first", ""));
  while (!store.commit_begun) absl::SleepFor(absl::Milliseconds(1));
  // These wait together while the first is committed.
  std::atomic<int> answered = 0;
  std::vector<Ledger::Reply> replies(3);
  for (int i = 0; i < 3; ++i) {
    ledger->Post(SubmitOf("second"), "SubmitSweep/x", [&, i](absl::StatusOr<Ledger::Reply> reply) {
      EXPECT_TRUE(reply.ok()) << reply.status();
      replies[i] = *std::move(reply);
      ++answered;
    });
  }
  EXPECT_EQ(answered, 0);
  store.gate.set_value();
  EXPECT_TRUE(calls[0].get().ok());
  ASSERT_TRUE(ledger->Call(SubmitOf("second"), "SubmitSweep/x").ok());
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(store.commits, 2);
  EXPECT_EQ(store.sweeps, 2);
  for (const Ledger::Reply& reply : replies) {
    EXPECT_FALSE(std::get<v1::SubmitSweepResponse>(reply).already_existed());
  }
}

TEST(Ledger, ReadsWhatIsDurableOrAtOnceWhatIsToBe) {
  FakeStore store;
  auto ledger = *Ledger::Open(store, {});
  const auto sweeps = [&](auto read) {
    size_t seen = 0;
    auto status = (ledger.get()->*read)(
        [&](const scheduler::Scheduler& scheduler) { seen = scheduler.SweepNames().size(); });
    EXPECT_TRUE(status.ok()) << status;
    return seen;
  };
  EXPECT_EQ(sweeps(&Ledger::Read), 0);
  auto submitted = std::async(std::launch::async, [&] { return ledger->Call(SubmitOf("a")); });
  while (!store.commit_begun) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(sweeps(&Ledger::ReadAhead), 1) << "while the commit is held back";
  auto durable = std::async(std::launch::async, [&] { return sweeps(&Ledger::Read); });
  EXPECT_EQ(durable.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  store.gate.set_value();
  EXPECT_EQ(durable.get(), 1);
  EXPECT_TRUE(submitted.get().ok());
}

TEST(Ledger, AcknowledgesAndShowsNothingOnceACommitFailed) {
  FakeStore store;
  store.gate.set_value();
  store.failure = absl::InternalError("input/output error");
  auto ledger = *Ledger::Open(store, {});
  EXPECT_TRUE(absl::IsInternal(ledger->Call(SubmitOf("a")).status()));
  EXPECT_TRUE(absl::IsInternal(ledger->failure()));
  bool read = false;
  EXPECT_FALSE(ledger->Read([&](const scheduler::Scheduler&) { read = true; }).ok());
  EXPECT_FALSE(ledger->ReadAhead([&](const scheduler::Scheduler&) { read = true; }).ok());
  EXPECT_FALSE(read);
  EXPECT_TRUE(absl::IsInternal(ledger->Call(SubmitOf("b")).status()));
  EXPECT_EQ(store.commits, 1);
}

TEST(Ledger, ReadsOnWhileTheDiskIsFullAndGoesOnByItselfAfterwards) {
  FakeStore store;
  store.gate.set_value();
  auto ledger = *Ledger::Open(store, {});
  store.disk_full = true;
  EXPECT_TRUE(absl::IsResourceExhausted(ledger->Call(SubmitOf("a")).status()));
  EXPECT_TRUE(ledger->failure().ok()) << "the process need not end";
  bool known = true;
  const absl::Status read = ledger->Read(
      [&](const scheduler::Scheduler& scheduler) { known = scheduler.GetSweep("sweeps/a").ok(); });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_FALSE(known) << "what was not committed is not shown";
  EXPECT_TRUE(absl::IsResourceExhausted(ledger->Call(SubmitOf("b")).status()));
  EXPECT_EQ(store.commits, 1);
  store.disk_full = false;
  absl::Status later = absl::UnknownError("not tried");
  for (int i = 0; i < 200 && !later.ok(); ++i) {
    later = ledger->Call(SubmitOf("a")).status();
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_TRUE(later.ok()) << later;
  EXPECT_EQ(store.commits, 2);
  EXPECT_EQ(store.sweeps, 1);
}

TEST(Ledger, AnswersWhatComesAfterItStopped) {
  FakeStore store;
  store.gate.set_value();
  auto ledger = *Ledger::Open(store, {});
  ledger->Stop();
  EXPECT_TRUE(absl::IsUnavailable(ledger->Call(SubmitOf("a")).status()));
}

TEST(Ledger, ForgetsTheOldestAnswersToSyncsBeyondTheLimit) {
  FakeStore store;
  store.gate.set_value();
  auto ledger = *Ledger::Open(store, {});
  const auto sync = [&](const std::string& worker) {
    v1::SyncRequest request;
    request.set_worker("workers/" + worker);
    request.set_request_id("the same");
    request.add_reports()->set_job("sweeps/a/jobs/compare-flipflop");
    return scheduler::Sync{request};
  };
  const auto code = [&](const std::string& worker) {
    auto reply = ledger->Call(sync(worker));
    return reply.ok() ? std::get<v1::SyncResponse>(*reply).outcomes(0).code() : "";
  };
  EXPECT_EQ(code("first"), "NOT_FOUND");
  ASSERT_TRUE(ledger->Call(SubmitOf("a")).ok());
  EXPECT_EQ(code("first"), "NOT_FOUND") << "the first answer again";
  for (size_t i = 1; i < LastSyncs::kMaxWorkers; ++i) {
    ledger->Post(sync("w" + std::to_string(i)), "", [](const absl::StatusOr<Ledger::Reply>&) {});
  }
  EXPECT_EQ(code("first"), "NOT_FOUND");
  EXPECT_EQ(code("one more"), "ABORTED");
  EXPECT_EQ(code("first"), "ABORTED") << "applied anew";
}

TEST(Ledger, TicksByTheClockItIsGiven) {
  FakeStore store;
  store.gate.set_value();
  std::atomic<int64_t> seconds = 1'000'000;
  Ledger::Options options;
  options.now = [&] { return absl::FromUnixSeconds(seconds); };
  auto ledger = *Ledger::Open(store, options);
  ASSERT_TRUE(ledger->Call(SubmitOf("a")).ok());
  v1::SyncRequest request;
  request.set_worker("workers/w");
  request.set_free_slots(1);
  request.mutable_capability()->set_max_pack(1);
  request.mutable_capability()->add_kind(v1::JOB_KIND_TRAIN);
  auto reply = ledger->Call(scheduler::Sync{request});
  ASSERT_TRUE(reply.ok());
  const v1::SyncResponse response = std::get<v1::SyncResponse>(*reply);
  ASSERT_EQ(response.leases_size(), 1);
  auto state = [&] {
    v1::JobState found = v1::JOB_STATE_UNSPECIFIED;
    EXPECT_TRUE(ledger
                    ->Read([&](const scheduler::Scheduler& scheduler) {
                      found = scheduler.FindJob(response.leases(0).job())->state();
                    })
                    .ok());
    return found;
  };
  EXPECT_EQ(state(), v1::JOB_STATE_LEASED);
  seconds += 61;
  for (int i = 0; i < 200 && state() == v1::JOB_STATE_LEASED; ++i) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_EQ(state(), v1::JOB_STATE_PENDING);
}

}  // namespace
}  // namespace rnnfarm::service
