// Workers, the leases they hold, and the passing of time.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// What gets a lease first. Comparisons and analyses finish what has begun.
constexpr v1::JobKind kPriority[] = {v1::JOB_KIND_COMPARE, v1::JOB_KIND_ANALYZE,
                                     v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN};

// Leases in one answer at most, whatever a worker says that it has room for.
constexpr int kMostGranted = 4096;

void SetDuration(absl::Duration duration, google::protobuf::Duration& out) {
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  out.set_seconds(milliseconds / 1000);
  out.set_nanos(static_cast<int32_t>(milliseconds % 1000 * 1'000'000));
}

bool Can(const v1::Capability& capability, v1::JobKind kind) {
  const auto& kinds = capability.kind();
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

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
  // It goes with nothing in hand: the next one of this name is another process.
  const bool leaves = request.draining() && request.held().empty();
  if (leaves || is_new || was == v1::WORKER_STATE_LOST) worker.drain_requested = false;
  const bool drains = request.draining() || worker.drain_requested;
  if (drains) {
    worker.worker.set_state(v1::WORKER_STATE_DRAINING);
  } else if (was != v1::WORKER_STATE_QUARANTINED && was != v1::WORKER_STATE_ACTIVE) {
    worker.worker.set_state(v1::WORKER_STATE_ACTIVE);
    worker.worker.set_failures_in_a_row(0);
    worker.failed.clear();
  }
  return worker;
}

void Scheduler::State::Renew(WorkerEntry& worker, const v1::SyncRequest& request,
                             v1::SyncResponse& response) {
  for (const v1::HeldLease& held : request.held()) {
    JobEntry* job = FindJob(held.job());
    const bool its_own = job != nullptr && job->job.state() == v1::JOB_STATE_LEASED &&
                         job->job.attempt() == held.attempt() && job->worker == request.worker();
    if (!its_own) {
      response.add_dropped(held.job());
      continue;
    }
    lease_ends.erase({job->lease_end, job->job.name()});
    job->lease_end = now + options.lease_term;
    lease_ends.insert({job->lease_end, job->job.name()});
    job->renewed = now;
    job->acknowledged = true;
    worker.leases.insert(job->job.name());  // re-adopted after a restart of the coordinator
    if (held.has_progress()) *job->job.mutable_progress() = held.progress();
  }
}

void Scheduler::State::TakeBackUnnamed(WorkerEntry& worker, const std::set<std::string>& named,
                                       bool leaves) {
  // A request that was sent before its worker saw the grant may arrive a little after it. Whoever
  // leaves will not take up any grant.
  const absl::Duration grace = leaves ? absl::ZeroDuration() : 2 * options.busy_sync;
  std::vector<JobEntry*> unnamed;
  for (const std::string& name : worker.leases) {
    JobEntry* job = FindJob(name);
    if (!named.contains(name) && now - job->renewed >= grace) unnamed.push_back(job);
  }
  for (JobEntry* job : unnamed) {
    if (job->acknowledged) {
      BlameMachine(*job, "lost: its worker no longer names it");
    } else {
      EndAttempt(*job, "returned: the grant never reached its worker");
      SetState(*job, v1::JOB_STATE_PENDING);
    }
  }
}

int Scheduler::State::ActiveWorkers(v1::JobKind kind) const {
  int active = 0;
  for (const auto& [name, worker] : workers) {
    if (worker.worker.state() == v1::WORKER_STATE_ACTIVE && Can(worker.worker.capability(), kind)) {
      ++active;
    }
  }
  return active;
}

void Scheduler::State::GrantOne(JobEntry& job, WorkerEntry& worker, int64_t pack,
                                v1::SyncResponse& response) {
  const std::string& name = worker.worker.name();
  job.job.set_attempt(job.job.attempt() + 1);
  auto& attempts = *job.job.mutable_attempts();
  if (attempts.size() >= kKeptAttempts) {
    attempts.DeleteSubrange(0, attempts.size() - kKeptAttempts + 1);
  }
  v1::Attempt& attempt = *attempts.Add();
  attempt.set_attempt(job.job.attempt());
  attempt.set_worker(name);
  attempt.set_build(worker.worker.build());
  SetTime(now, *attempt.mutable_start_time());
  SetState(job, v1::JOB_STATE_LEASED);
  job.job.clear_not_before();
  job.worker = name;
  job.lease_end = now + options.lease_term;
  job.renewed = now;
  job.acknowledged = false;
  lease_ends.insert({job.lease_end, job.job.name()});
  job.sweep->leased.insert(job.order);
  worker.leases.insert(job.job.name());
  v1::Lease& lease = *response.add_leases();
  lease.set_job(job.job.name());
  lease.set_attempt(job.job.attempt());
  lease.set_pack(pack);
  static const v1::Configuration kNone;
  *lease.mutable_spec() = population::MakeJobSpec(
      job.sweep->sweep.spec(),
      job.configuration == nullptr ? kNone : job.configuration->configuration,
      job.network == nullptr ? nullptr : &job.network->network, job.job);
}

void Scheduler::State::GrantKind(SweepEntry& sweep, v1::JobKind kind, WorkerEntry& worker,
                                 int max_pack, int& free, v1::SyncResponse& response) {
  auto& queues = sweep.ready[kind];
  if (queues.empty()) return;
  const bool packs = kind == v1::JOB_KIND_SEARCH || kind == v1::JOB_KIND_TRAIN;
  const int pack_size = packs ? max_pack : 1;
  const int64_t active = std::max(1, ActiveWorkers(kind));
  for (auto queue = queues.begin(); queue != queues.end() && free > 0;) {
    const auto next = std::next(queue);  // granting the last of a queue removes it
    // No more than its share, so that the others have work of this shape too.
    const int64_t share = (static_cast<int64_t>(queue->second.size()) + active - 1) / active;
    const int64_t size = std::min<int64_t>(share, free);
    std::vector<uint64_t> orders;
    for (auto order = queue->second.begin(); static_cast<int64_t>(orders.size()) < size; ++order) {
      orders.push_back(*order);
    }
    for (size_t i = 0; i < orders.size(); ++i) {
      const bool begins_pack = i % pack_size == 0;
      GrantOne(*sweep.jobs.at(orders[i]), worker, begins_pack ? next_pack++ : next_pack - 1,
               response);
    }
    free -= static_cast<int>(size);
    queue = next;
  }
}

void Scheduler::State::Grant(WorkerEntry& worker, const v1::SyncRequest& request,
                             v1::SyncResponse& response) {
  int free = std::min<int>(request.free_slots(), kMostGranted);
  if (worker.worker.state() != v1::WORKER_STATE_ACTIVE) return;
  const int max_pack = std::max(1, request.capability().max_pack());
  for (auto& [key, sweep] : running) {
    for (v1::JobKind kind : kPriority) {
      if (free <= 0) return;
      if (Can(request.capability(), kind)) {
        GrantKind(*sweep, kind, worker, max_pack, free, response);
      }
    }
  }
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
  std::set<std::string> named;
  for (const v1::JobReport& report : request.reports()) {
    named.insert(report.job());
    *response.add_outcomes() = Report(worker, report);
  }
  Settle();  // the last result of a task makes its comparison available at once
  for (const v1::HeldLease& held : request.held()) named.insert(held.job());
  Renew(worker, request, response);
  TakeBackUnnamed(worker, named, request.draining() && request.held().empty());
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
    worker.worker.set_state(v1::WORKER_STATE_LOST);
    worker.silence = now + kForgetWorkerAfter;
    silences.insert({worker.silence, name});
  }
}

void Scheduler::State::On(const Tick&, Effects&) {
  while (!lease_ends.empty() && lease_ends.begin()->first <= now) {
    BlameMachine(*FindJob(lease_ends.begin()->second), "lost: the lease ran out");
  }
  MarkSilentWorkers();
}

}  // namespace rnnfarm::scheduler
