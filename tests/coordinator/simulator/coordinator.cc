#include "tests/coordinator/simulator/coordinator.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace rnnfarm::simulator {
namespace {

constexpr absl::Duration kPoll = absl::Seconds(2);  // for what is due by time alone
constexpr absl::Duration kLongestGather = absl::Milliseconds(20);
constexpr absl::Duration kLongestStall = absl::Seconds(6);  // of a disk
constexpr absl::Duration kLongestDowntime = absl::Seconds(40);
constexpr absl::Duration kLargestClockStep = absl::Minutes(3);
// Chances of each commit.
constexpr double kStall = 0.01, kPowerLostBefore = 0.0015, kPowerLostAfter = 0.0015,
                 kDiskFull = 0.001;
// Chances of each poll.
constexpr double kKilled = 0.004, kClockStep = 0.006;

scheduler::Options SchedulerOptions(Planted planted, uint64_t seed) {
  scheduler::Options options;
  options.busy_sync = absl::Seconds(5);
  options.idle_sync = absl::Seconds(20);
  options.longest_backoff = absl::Seconds(30);
  options.speculate_after = absl::Seconds(40);
  options.stall_limit = absl::Seconds(60);
  options.jitter_seed = seed;
  if (planted == Planted::kNoExpiry) options.lease_term = absl::Hours(24 * 365);
  return options;
}

// The attempt of the worker that lives, or 0.
uint64_t AttemptOf(const v1::Job& job, const std::string& worker) {
  for (const v1::Attempt& attempt : job.attempts()) {
    if (attempt.outcome().empty() && attempt.worker() == worker) return attempt.attempt();
  }
  return 0;
}

Coordinator::Question WithoutRequestId(scheduler::Sync sync) {
  sync.request.clear_request_id();
  return std::make_shared<const scheduler::Event>(std::move(sync));
}

}  // namespace

Coordinator::Coordinator(World& world, Judge& judge, Planted planted, uint64_t seed)
    : world_(world),
      judge_(judge),
      planted_(planted),
      seed_(seed),
      store_(planted != Planted::kNoSync,
             [&judge](const store::Batch& batch, const Records& before) {
               judge.See(batch, before);
             }) {
  Start();
  world_.After(kPoll, [this] { Poll(); });
}

void Coordinator::Start() {
  service::Ledger::Options options;
  options.scheduler = SchedulerOptions(planted_, seed_);
  options.now = [this] { return Clock(); };
  options.own_thread = false;
  auto ledger = service::Ledger::Open(store_, std::move(options));
  if (!ledger.ok()) {
    return judge_.Complain(
        absl::StrCat("the coordinator does not start: ", ledger.status().message()));
  }
  ledger_ = *std::move(ledger);
  judge_.CheckPromises(records());
  if (started_) started_();
}

// Whoever waits for an answer gets none.
void Coordinator::Stop(absl::Duration downtime) {
  ledger_.reset();
  waiting_.clear();
  store_.LosePower();
  world_.After(downtime, [this] { Start(); });
}

void Coordinator::Poll() {
  world_.After(kPoll, [this] { Poll(); });
  if (world_.Chance(kClockStep)) {
    world_.Count("clock stepped");
    clock_error_ += world_.Between(-kLargestClockStep, kLargestClockStep);
  }
  if (ledger_ != nullptr && world_.Chance(kKilled)) {
    world_.Count("coordinator killed");
    CheckMemory();
    Stop(world_.Between(absl::Milliseconds(100), kLongestDowntime));
  }
  Commit();
}

bool Coordinator::Read(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const {
  return ledger_ != nullptr && ledger_->Read(read).ok();
}

void Coordinator::CheckMemory() {
  // What waits has not been applied, and what was applied is committed.
  Read([&](const scheduler::Scheduler& scheduler) { judge_.CheckMemory(scheduler, records()); });
}

void Coordinator::Receive(Question event, std::string key, Answer answer) {
  if (ledger_ == nullptr) return;
  if (const auto* sync = std::get_if<scheduler::Sync>(event.get())) {
    if (planted_ == Planted::kFenceOff) ForgeReports(sync->request);
    if (planted_ == Planted::kNoAnswerCache) event = WithoutRequestId(*sync);
  }
  waiting_.push_back(
      std::make_shared<Request>(Request{std::move(event), std::move(key), std::move(answer)}));
  if (std::exchange(commit_is_due_, true)) return;
  absl::Duration gather = world_.Between(absl::ZeroDuration(), kLongestGather);
  if (world_.Chance(kStall)) {
    world_.Count("disk stalled");
    gather = world_.Between(kLongestGather, kLongestStall);
  }
  world_.After(gather, [this] {
    commit_is_due_ = false;
    Commit();
  });
}

void Coordinator::DrawFate() {
  using Fate = ForgetfulStore::Fate;
  if (world_.Chance(kPowerLostBefore)) {
    store_.SetFateOfNextCommit(Fate::kPowerLostBefore);
  } else if (world_.Chance(kPowerLostAfter)) {
    store_.SetFateOfNextCommit(Fate::kPowerLostAfter);
  } else if (world_.Chance(kDiskFull)) {
    store_.SetFateOfNextCommit(Fate::kDiskFull);
  }
}

void Coordinator::Commit() {
  if (ledger_ == nullptr) return;
  DrawFate();
  const auto fate = store_.fate_of_next_commit();
  std::vector<std::shared_ptr<Request>> requests = std::exchange(waiting_, {});
  for (const auto& request : requests) {
    judge_.Asked(*request->event, request->key);
    ledger_->Post(*request->event, planted_ == Planted::kNoAnswerCache ? "" : request->key,
                  [request](absl::StatusOr<Reply> reply) {
                    request->reply =
                        std::make_shared<const absl::StatusOr<Reply>>(std::move(reply));
                  });
  }
  events_ += requests.size();
  ledger_->ApplyWaiting();
  const bool happened = store_.fate_of_next_commit() != fate;
  if (happened && fate == ForgetfulStore::Fate::kPowerLostBefore) {
    world_.Count(requests.size() > 1 ? "power lost within a group" : "power lost before commit");
  } else if (happened && fate == ForgetfulStore::Fate::kPowerLostAfter) {
    world_.Count("power lost after commit");
  } else if (happened) {
    world_.Count("disk full");
  }
  TellAnswers(std::move(requests));
  judge_.EndCommit();
  // A coordinator that cannot commit ends, and is started again.
  if (store_.lost_power() || !ledger_->failure().ok()) {
    Stop(world_.Between(absl::Milliseconds(100), kLongestDowntime));
  }
}

void Coordinator::TellAnswers(std::vector<std::shared_ptr<Request>> requests) {
  const bool leaves = !store_.lost_power();
  for (const auto& request : requests) {
    if (request->reply->ok()) {
      judge_.Answered(*request->event, request->key, **request->reply, leaves, records());
    }
    if (leaves && request->answer) request->answer(request->reply);
  }
}

// What a scheduler would do that asks neither for the worker nor for the attempt: each stale report
// comes as one of whoever holds the lease.
void Coordinator::ForgeReports(const v1::SyncRequest& request) {
  Read([&](const scheduler::Scheduler& scheduler) {
    for (const v1::JobReport& report : request.reports()) {
      const v1::Job* job = scheduler.FindJob(report.job());
      if (job == nullptr || job->state() != v1::JOB_STATE_LEASED) continue;
      const v1::Attempt& live = job->attempts(job->attempts_size() - 1);
      if (!live.outcome().empty() || AttemptOf(*job, request.worker()) == report.attempt())
        continue;
      scheduler::Sync forged;
      forged.request.set_worker(live.worker());
      for (const v1::Worker& worker : scheduler.Workers()) {
        if (worker.name() != live.worker()) continue;
        *forged.request.mutable_capability() = worker.capability();
        for (const std::string& name : worker.leases()) {
          v1::HeldLease& held = *forged.request.add_held();
          held.set_job(name);
          held.set_attempt(AttemptOf(*scheduler.FindJob(name), worker.name()));
        }
      }
      *forged.request.add_reports() = report;
      forged.request.mutable_reports(0)->set_attempt(live.attempt());
      waiting_.push_back(std::make_shared<Request>(
          Request{std::make_shared<const scheduler::Event>(std::move(forged)), "", nullptr}));
    }
  });
}

}  // namespace rnnfarm::simulator
