#include "coordinator/service/sync_desk.h"

#include <utility>
#include <variant>

#include "base/steady_time.h"
#include "coordinator/service/report_check.h"
#include "coordinator/service/sync_check.h"

namespace rnnfarm::service {
namespace {

// Whether the call may be held open while there is nothing to tell.
bool IsIdle(const v1::SyncRequest& request) {
  return request.free_slots() > 0 && request.held().empty() && request.reports().empty() &&
         !request.draining();
}

bool TellsNothing(const v1::SyncResponse& response) {
  return response.leases().empty() && response.dropped().empty() && !response.drain();
}

// The scheduler accepted the error that stands for the report; the worker is told what became of
// the report itself. A stale attempt stays what it is.
void Refuse(const absl::Status& why, v1::ReportOutcome& outcome) {
  if (!outcome.accepted()) return;
  outcome.set_accepted(false);
  outcome.set_code(absl::StatusCodeToString(why.code()));
  outcome.set_message(std::string(why.message()));
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace

SyncDesk::SyncDesk(Ledger& ledger, store::Store& store) : ledger_(ledger), store_(store) {
  ledger_.AddListener([this](bool woke) { WakeParked(woke); });
  for (int i = 0; i < kCheckThreads; ++i) checkers_.emplace_back([this] { CheckLoop(); });
}

SyncDesk::~SyncDesk() {
  Stop();
  for (std::thread& checker : checkers_) checker.join();
}

uint64_t SyncDesk::Open(const v1::SyncRequest& request, Done done) {
  const bool to_check = NamesArtifacts(request);
  if (to_check) RenewBeforeCheck(request);
  const uint64_t call = Add(request, done);
  if (call == 0) {
    done(absl::UnavailableError("the coordinator is shutting down; sync again later"), {});
  } else if (!to_check) {
    PostToLedger(call);
  }
  return call;
}

void SyncDesk::Close(uint64_t call) { Finish(call, absl::CancelledError("the worker hung up")); }

void SyncDesk::RenewBeforeCheck(const v1::SyncRequest& request) {
  scheduler::Sync event;
  event.only_renews = true;
  event.request.set_worker(request.worker());
  *event.request.mutable_capability() = request.capability();
  event.request.set_build(request.build());
  event.request.set_host(request.host());
  event.request.set_draining(request.draining());
  *event.request.mutable_held() = request.held();
  DropComparing(event.request);
  for (const v1::JobReport& report : request.reports()) {
    v1::HeldLease* held = event.request.add_held();
    held->set_job(report.job());
    held->set_attempt(report.attempt());
  }
  ledger_.Post(std::move(event), "", [](const absl::StatusOr<Ledger::Reply>&) {});
}

uint64_t SyncDesk::Add(const v1::SyncRequest& request, Done& done) {
  auto copy = std::make_shared<v1::SyncRequest>(request);
  DropComparing(*copy);
  std::lock_guard lock(mutex_);
  if (stopping_) return 0;
  const uint64_t call = next_call_++;
  if (NamesArtifacts(*copy)) {
    to_check_.push_back(call);
    checkable_.notify_one();
  }
  Call& open = calls_[call];
  open.done = std::move(done);
  open.may_park = IsIdle(*copy);
  open.request = std::move(copy);
  return call;
}

void SyncDesk::CheckLoop() {
  while (true) {
    uint64_t call = 0;
    std::shared_ptr<v1::SyncRequest> request;
    {
      std::unique_lock lock(mutex_);
      checkable_.wait(lock, [this] { return stopping_ || !to_check_.empty(); });
      if (stopping_) return;
      call = to_check_.front();
      to_check_.pop_front();
      auto found = calls_.find(call);
      if (found == calls_.end()) continue;
      request = found->second.request;
    }
    std::map<int, absl::Status> refused = ReplaceBadReports(ledger_, store_, passed_, *request);
    {
      std::lock_guard lock(mutex_);
      auto found = calls_.find(call);
      if (found == calls_.end()) continue;
      found->second.refused = std::move(refused);
    }
    PostToLedger(call);
  }
}

void SyncDesk::PostToLedger(uint64_t call) {
  scheduler::Sync event;
  {
    std::lock_guard lock(mutex_);
    auto found = calls_.find(call);
    if (found == calls_.end()) return;
    // Only a call that may be parked is posted more than once.
    Call& open = found->second;
    event.request = open.may_park ? *open.request : std::move(*open.request);
  }
  ledger_.Post(std::move(event), "", [this, call](absl::StatusOr<Ledger::Reply> reply) {
    Answered(call, std::move(reply));
  });
}

void SyncDesk::Answered(uint64_t call, absl::StatusOr<Ledger::Reply> reply) {
  if (!reply.ok()) return Finish(call, reply.status());
  auto* response = std::get_if<v1::SyncResponse>(&*reply);
  if (response == nullptr) return Finish(call, absl::InternalError("Sync was answered wrongly"));
  if (!Park(call, *response)) Finish(call, absl::OkStatus(), std::move(*response));
}

bool SyncDesk::Park(uint64_t call, const v1::SyncResponse& response) {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(call);
  if (found == calls_.end()) return false;
  Call& open = found->second;
  if (!open.may_park || !TellsNothing(response)) return false;
  const absl::Time now = base::SteadyNow();
  if (open.deadline == absl::InfinitePast()) open.deadline = now + FromProto(response.next_sync());
  if (now >= open.deadline) return false;
  open.parked = true;
  open.answer = response;
  parked_.insert(call);
  deadlines_.insert({open.deadline, call});
  return true;
}

bool SyncDesk::Unpark(uint64_t id, Call& call) {
  if (!std::exchange(call.parked, false)) return false;
  parked_.erase(id);
  deadlines_.erase({call.deadline, id});
  return true;
}

void SyncDesk::WakeParked(bool woke) {
  FinishExpired();
  if (woke) next_to_ask_ = 0;
  ServeParked();
}

void SyncDesk::FinishExpired() {
  std::vector<uint64_t> expired;
  {
    std::lock_guard lock(mutex_);
    const absl::Time now = base::SteadyNow();
    for (auto due = deadlines_.begin(); due != deadlines_.end() && due->first <= now; ++due) {
      expired.push_back(due->second);
    }
  }
  // Held open long enough: the worker is to ask again at once.
  for (uint64_t call : expired) Finish(call, absl::OkStatus());
}

std::vector<SyncDesk::Parked> SyncDesk::NextToAsk() {
  std::vector<Parked> next;
  std::lock_guard lock(mutex_);
  for (auto id = parked_.lower_bound(next_to_ask_);
       id != parked_.end() && next.size() < kAskedAtOnce; ++id) {
    next.emplace_back(*id, calls_.at(*id).request);
  }
  return next;
}

void SyncDesk::ServeParked() {
  std::vector<uint64_t> served;
  while (served.empty()) {
    const std::vector<Parked> asked = NextToAsk();
    if (asked.empty()) return;
    // Between two batches all is durable.
    const absl::Status read = ledger_.ReadAhead([&](const scheduler::Scheduler& scheduler) {
      for (const auto& [id, request] : asked) {
        if (served.size() == kServedAtOnce) return;
        next_to_ask_ = id + 1;
        if (scheduler.HasWorkFor(*request, ledger_.Now())) served.push_back(id);
      }
    });
    if (!read.ok()) return;
  }
  // They make another batch, after which the others are asked.
  for (uint64_t call : served) {
    {
      std::lock_guard lock(mutex_);
      auto found = calls_.find(call);
      if (found == calls_.end()) continue;
      Unpark(call, found->second);
    }
    PostToLedger(call);
  }
}

void SyncDesk::Finish(uint64_t call, const absl::Status& status, v1::SyncResponse response) {
  Call open;
  bool was_parked = false;
  {
    std::lock_guard lock(mutex_);
    auto found = calls_.find(call);
    if (found == calls_.end()) return;
    was_parked = Unpark(call, found->second);
    open = std::move(found->second);
    calls_.erase(found);
  }
  for (const auto& [report, why] : open.refused) {
    if (report < response.outcomes_size()) Refuse(why, *response.mutable_outcomes(report));
  }
  if (was_parked) {
    response = std::move(open.answer);
    response.clear_next_sync();
  }
  open.done(status, std::move(response));
}

void SyncDesk::Stop() {
  std::vector<uint64_t> open;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    checkable_.notify_all();
    to_check_.clear();
    for (const auto& [id, call] : calls_) open.push_back(id);
  }
  for (uint64_t call : open) {
    Finish(call, absl::UnavailableError("the coordinator is shutting down; sync again later"));
  }
}

}  // namespace rnnfarm::service
