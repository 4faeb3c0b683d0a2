#include "coordinator/service/worker_service.h"

#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "base/status_grpc.h"
#include "coordinator/service/report_check.h"
#include "coordinator/service/sync_check.h"

namespace rnnfarm::service {
namespace {

bool IsIdle(const v1::SyncRequest& request, const v1::SyncResponse& response) {
  return request.free_slots() > 0 && request.held().empty() && request.reports().empty() &&
         !request.draining() && response.leases().empty() && response.dropped().empty() &&
         !response.drain();
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

struct WorkerService::Reactor : grpc::ServerUnaryReactor {
  explicit Reactor(WorkerService* service) : service(service) {}
  void OnCancel() override { service->Finish(call, absl::CancelledError("the worker hung up")); }
  void OnDone() override { delete this; }

  WorkerService* service;
  uint64_t call = 0;
};

WorkerService::WorkerService(Ledger& ledger, store::Store& store) : ledger_(ledger), store_(store) {
  ledger_.AddListener([this](bool woke) { WakeParked(woke); });
  for (int i = 0; i < kCheckThreads; ++i) checkers_.emplace_back([this] { CheckLoop(); });
}

WorkerService::~WorkerService() {
  Stop();
  for (std::thread& checker : checkers_) checker.join();
}

grpc::ServerUnaryReactor* WorkerService::Sync(grpc::CallbackServerContext*,
                                              const v1::SyncRequest* request,
                                              v1::SyncResponse* response) {
  auto* reactor = new Reactor(this);
  if (auto status = CheckSync(*request); !status.ok()) {
    reactor->Finish(base::ToGrpc(status));
    return reactor;
  }
  // Once it is open, a checker may finish the call, and the request is gone then.
  const bool to_check = NamesArtifacts(*request);
  if (to_check) RenewBeforeCheck(*request);
  const uint64_t call = Open(reactor, *request, response);
  if (call == 0) {
    reactor->Finish(
        base::ToGrpc(absl::UnavailableError("the coordinator is shutting down; sync again later")));
  } else if (!to_check) {
    PostToLedger(call);
  }
  return reactor;
}

void WorkerService::RenewBeforeCheck(const v1::SyncRequest& request) {
  scheduler::Sync event{request};
  event.only_renews = true;
  event.request.clear_reports();
  event.request.clear_request_id();
  event.request.set_free_slots(0);
  DropComparing(event.request);
  for (const v1::JobReport& report : request.reports()) {
    v1::HeldLease* held = event.request.add_held();
    held->set_job(report.job());
    held->set_attempt(report.attempt());
  }
  ledger_.Post(std::move(event), "", [](const absl::StatusOr<Ledger::Reply>&) {});
}

uint64_t WorkerService::Open(Reactor* reactor, const v1::SyncRequest& request,
                             v1::SyncResponse* response) {
  auto copy = std::make_shared<v1::SyncRequest>(request);
  DropComparing(*copy);
  std::lock_guard lock(mutex_);
  if (stopping_) return 0;
  const uint64_t call = next_call_++;
  reactor->call = call;
  if (NamesArtifacts(*copy)) {
    to_check_.push_back(call);
    checkable_.notify_one();
  }
  calls_[call] = Call{reactor, response, std::move(copy), {}};
  return call;
}

void WorkerService::CheckLoop() {
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

void WorkerService::PostToLedger(uint64_t call) {
  scheduler::Sync event;
  {
    std::lock_guard lock(mutex_);
    auto found = calls_.find(call);
    if (found == calls_.end()) return;
    event.request = *found->second.request;
  }
  ledger_.Post(std::move(event), "", [this, call](absl::StatusOr<Ledger::Reply> reply) {
    Answered(call, std::move(reply));
  });
}

void WorkerService::Answered(uint64_t call, absl::StatusOr<Ledger::Reply> reply) {
  if (!reply.ok()) return Finish(call, reply.status());
  auto* response = std::get_if<v1::SyncResponse>(&*reply);
  if (response == nullptr) return Finish(call, absl::InternalError("Sync was answered wrongly"));
  if (!Park(call, *response)) Finish(call, absl::OkStatus(), std::move(*response));
}

bool WorkerService::Park(uint64_t call, const v1::SyncResponse& response) {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(call);
  if (found == calls_.end()) return false;
  Call& open = found->second;
  if (!IsIdle(*open.request, response)) return false;
  if (open.deadline == absl::InfinitePast()) {
    open.deadline = absl::Now() + FromProto(response.next_sync());
  }
  if (absl::Now() >= open.deadline) return false;
  open.parked = true;
  *open.response = response;
  return true;
}

void WorkerService::WakeParked(bool woke) {
  std::vector<uint64_t> expired;
  std::vector<std::pair<uint64_t, std::shared_ptr<v1::SyncRequest>>> waiting;
  {
    std::lock_guard lock(mutex_);
    const absl::Time now = absl::Now();
    for (auto& [id, call] : calls_) {
      if (!call.parked) continue;
      if (now >= call.deadline) {
        expired.push_back(id);
      } else if (woke) {
        waiting.emplace_back(id, call.request);
      }
    }
  }
  for (uint64_t call : expired) {
    // Held open long enough: the worker is to ask again at once.
    Finish(call, absl::OkStatus());
  }
  std::vector<uint64_t> served;
  ledger_
      .Read([&](const scheduler::Scheduler& scheduler) {
        for (const auto& [id, request] : waiting) {
          if (scheduler.HasWorkFor(*request, ledger_.Now())) served.push_back(id);
        }
      })
      .IgnoreError();
  for (uint64_t call : served) {
    {
      std::lock_guard lock(mutex_);
      auto found = calls_.find(call);
      if (found == calls_.end()) continue;
      found->second.parked = false;
    }
    PostToLedger(call);
  }
}

void WorkerService::Finish(uint64_t call, const absl::Status& status, v1::SyncResponse response) {
  Call open;
  {
    std::lock_guard lock(mutex_);
    auto found = calls_.find(call);
    if (found == calls_.end()) return;
    open = std::move(found->second);
    calls_.erase(found);
  }
  for (const auto& [report, why] : open.refused) {
    if (report < response.outcomes_size()) Refuse(why, *response.mutable_outcomes(report));
  }
  if (open.parked) {
    open.response->clear_next_sync();
  } else {
    *open.response = std::move(response);
  }
  open.reactor->Finish(base::ToGrpc(status));
}

void WorkerService::Stop() {
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
