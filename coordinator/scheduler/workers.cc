// Workers and what they say of themselves.
#include <set>
#include <utility>

#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

void SetDuration(absl::Duration duration, google::protobuf::Duration& out) {
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  out.set_seconds(milliseconds / 1000);
  out.set_nanos(static_cast<int32_t>(milliseconds % 1000 * 1'000'000));
}

}  // namespace

void Scheduler::State::CountWorker(const Ability& ability, int by) {
  for (int kind = 0; kind < kJobKinds; ++kind) {
    if (!ability.Can(static_cast<v1::JobKind>(kind))) continue;
    int& as_large = memories[kind][ability.memory_bytes];
    as_large += by;
    if (as_large == 0) memories[kind].erase(ability.memory_bytes);
    for (auto& [need, demand] : demands) {
      if (Meets(ability, need)) demand.workers[kind] += by;
    }
  }
}

void Scheduler::State::SetWorkerState(WorkerEntry& worker, v1::WorkerState state) {
  worker.worker.set_state(state);
  if (state == v1::WORKER_STATE_QUARANTINED) {
    quarantined.insert(worker.worker.name());
  } else {
    quarantined.erase(worker.worker.name());
  }
  const bool counts = state == v1::WORKER_STATE_ACTIVE;
  if (std::exchange(worker.counted, counts) == counts) return;
  CountWorker(worker.ability, counts ? 1 : -1);
  workers_left = workers_left || !counts;
}

void Scheduler::State::Trust(WorkerEntry& worker) {
  SetWorkerState(worker, v1::WORKER_STATE_ACTIVE);
  worker.worker.set_failures_in_a_row(0);
  worker.failed.clear();
}

// BlameWorker keeps the last worker of its kind; one that becomes the last later is needed too.
void Scheduler::State::TrustTheLast() {
  const bool needed = std::exchange(workers_left, false) || work_appeared;
  if (!needed || quarantined.empty()) return;
  for (const std::string& name : std::set<std::string>(quarantined)) {
    WorkerEntry& worker = workers.at(name);
    if (!Queues::LacksWorkersFor(demands, worker.ability)) continue;
    Trust(worker);
    work_appeared = true;
  }
}

void Scheduler::State::RequestDrain(WorkerEntry& worker, bool requested) {
  if (std::exchange(worker.drain_requested, requested) == requested) return;
  v1::Worker& record = drain_changes.emplace_back();
  record.set_name(worker.worker.name());
  if (requested) record.set_state(v1::WORKER_STATE_DRAINING);
}

void Scheduler::State::AddDrainingWorker(v1::Worker record) {
  WorkerEntry& worker = workers[record.name()];
  worker.worker = std::move(record);
  worker.drain_requested = true;
}

// One that does not come within a term is another process when it comes.
void Scheduler::State::AwaitDrainingWorkers() {
  for (auto& [name, worker] : workers) {
    worker.silence = now + options.lease_term;
    silences.insert({worker.silence, name});
  }
}

WorkerEntry& Scheduler::State::Register(const v1::SyncRequest& request) {
  const auto [found, is_new] = workers.try_emplace(request.worker());
  WorkerEntry& worker = found->second;
  const v1::WorkerState was = worker.worker.state();
  silences.erase({worker.silence, request.worker()});
  worker.worker.set_name(request.worker());
  *worker.worker.mutable_capability() = request.capability();
  worker.worker.set_build(request.build());
  worker.worker.set_host(request.host());
  SetTime(now, *worker.worker.mutable_last_sync_time());
  worker.silence = now + options.lease_term;
  silences.insert({worker.silence, request.worker()});
  Ability ability = AbilityOf(request.capability());
  if (!(ability == worker.ability)) {
    if (worker.counted) CountWorker(worker.ability, -1);
    worker.ability = std::move(ability);
    if (worker.counted) CountWorker(worker.ability, +1);
  }
  // It goes with nothing in hand: the next one of this name is another process.
  const bool leaves = request.draining() && request.held().empty();
  worker.left = leaves;
  if (leaves || is_new || was == v1::WORKER_STATE_LOST) RequestDrain(worker, false);
  const bool drains = request.draining() || worker.drain_requested;
  if (drains) {
    SetWorkerState(worker, v1::WORKER_STATE_DRAINING);
  } else if (was != v1::WORKER_STATE_QUARANTINED && was != v1::WORKER_STATE_ACTIVE) {
    Trust(worker);
  }
  return worker;
}

void Scheduler::State::On(const Sync& event, Effects& effects) {
  const v1::SyncRequest& request = event.request;
  if (LastSegment(request.worker()).empty()) {
    effects.status = absl::InvalidArgumentError("worker is empty; it must be workers/{worker}");
    return;
  }
  WorkerEntry& worker = Register(request);
  v1::SyncResponse response;
  if (event.only_renews) {
    Renew(worker, request, response);
    effects.reply = std::move(response);
    return;
  }
  for (const v1::JobReport& report : request.reports()) {
    *response.add_outcomes() = Report(worker, report);
  }
  Settle();  // the last result of a task makes its comparison available at once
  Renew(worker, request, response);
  TakeBackUnnamed(worker, request, request.draining() && request.held().empty());
  Grant(worker, request, response);
  response.set_drain(worker.worker.state() == v1::WORKER_STATE_DRAINING);
  SetDuration(worker.leases.empty() ? options.idle_sync : options.busy_sync,
              *response.mutable_next_sync());
  SetDuration(options.lease_term, *response.mutable_lease_term());
  effects.reply = std::move(response);
}

void Scheduler::State::MarkSilentWorkers() {
  while (!silences.empty() && silences.begin()->first <= now) {
    const std::string name = silences.begin()->second;
    silences.erase(silences.begin());
    WorkerEntry& worker = workers.at(name);
    if (worker.worker.state() == v1::WORKER_STATE_LOST) {
      workers.erase(name);
      continue;
    }
    SetWorkerState(worker, v1::WORKER_STATE_LOST);
    RequestDrain(worker, false);
    worker.silence = now + kForgetWorkerAfter;
    silences.insert({worker.silence, name});
  }
}

}  // namespace rnnfarm::scheduler
