// Live attempts, who has them, and the passing of time.
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// What has not begun yet cannot get on.
constexpr char kWaitingForMemory[] = "waiting for memory";

v1::Attempt* FindAttempt(v1::Job& job, uint64_t number) {
  auto& attempts = *job.mutable_attempts();
  const auto found = std::find_if(attempts.rbegin(), attempts.rend(),
                                  [&](const auto& attempt) { return attempt.attempt() == number; });
  return found == attempts.rend() ? nullptr : &*found;
}

// Shows how far the attempt is that got furthest.
void ShowProgress(JobEntry& job) {
  const v1::Progress* furthest = nullptr;
  for (const LiveLease& lease : job.leases) {
    if (furthest == nullptr || lease.progress.iteration() > furthest->iteration()) {
      furthest = &lease.progress;
    }
  }
  if (furthest != nullptr && furthest->ByteSizeLong() > 0) {
    *job.job.mutable_progress() = *furthest;
  } else {
    job.job.clear_progress();
  }
}

}  // namespace

LiveLease* Scheduler::State::FindLease(JobEntry& job, uint64_t attempt) {
  for (LiveLease& lease : job.leases) {
    if (lease.attempt == attempt) return &lease;
  }
  return nullptr;
}

void Scheduler::State::SetDeadline(JobEntry& job, LiveLease& lease) {
  deadlines.erase({lease.deadline, {&job, lease.attempt}});
  lease.deadline = std::min(lease.end, lease.moved + options.stall_limit);
  deadlines.insert({lease.deadline, {&job, lease.attempt}});
}

void Scheduler::State::BeginLease(JobEntry& job, LiveLease lease) {
  Unwatch(job);
  lease.renewed = now;
  lease.end = now + options.lease_term;
  const auto worker = workers.find(lease.worker);
  if (worker != workers.end()) worker->second.leases.insert({&job, lease.attempt});
  job.leases.push_back(std::move(lease));
  job.sweep->leased.insert(job.order);
  SetDeadline(job, job.leases.back());
  Watch(job);
}

void Scheduler::State::EndLease(JobEntry& job, uint64_t number, absl::string_view outcome) {
  v1::Attempt* attempt = FindAttempt(job.job, number);
  if (attempt != nullptr) {
    attempt->set_outcome(ShortReason(outcome));
    SetTime(now, *attempt->mutable_end_time());
  }
  Unwatch(job);
  LiveLease& lease = *FindLease(job, number);
  deadlines.erase({lease.deadline, {&job, number}});
  const auto worker = workers.find(lease.worker);
  if (worker != workers.end()) worker->second.leases.erase({&job, number});
  // It was charged what such jobs take as a rule.
  const double took = absl::ToDoubleSeconds(now - lease.begin);
  queues.Charge(*job.sweep, took - lease.charged);
  job.leases.erase(job.leases.begin() + (&lease - job.leases.data()));
  if (job.leases.empty()) job.sweep->leased.erase(job.order);
  ShowProgress(job);
  Watch(job);
  MarkDirty(job);
}

void Scheduler::State::EndLeases(JobEntry& job, absl::string_view outcome) {
  while (!job.leases.empty()) EndLease(job, job.leases.back().attempt, outcome);
}

void Scheduler::State::RestoreLeases(JobEntry& job) {
  if (job.job.state() != v1::JOB_STATE_LEASED) return;
  for (const v1::Attempt& attempt : job.job.attempts()) {
    if (!attempt.outcome().empty()) continue;
    LiveLease lease;
    lease.attempt = attempt.attempt();
    lease.worker = attempt.worker();
    lease.begin = GetTime(attempt.start_time());
    BeginLease(job, std::move(lease));
  }
  // Of a record that says LEASED and by whom no more: as if it had been returned.
  if (job.leases.empty()) SetState(job, v1::JOB_STATE_PENDING);
}

void Scheduler::State::NoteProgress(JobEntry& job, LiveLease& lease, const v1::Progress& progress) {
  const bool moved = progress.counter() != lease.progress.counter() ||
                     lease.moved == absl::InfiniteFuture() || progress.phase() == kWaitingForMemory;
  // A worker that does not count cannot be judged.
  if (progress.counter() == 0) {
    lease.moved = absl::InfiniteFuture();
  } else if (moved) {
    lease.moved = now;
  }
  lease.progress = progress;
  ShowProgress(job);
}

void Scheduler::State::Renew(WorkerEntry& worker, const v1::SyncRequest& request,
                             v1::SyncResponse& response) {
  for (const v1::HeldLease& held : request.held()) {
    JobEntry* job = FindJob(held.job());
    LiveLease* lease = job == nullptr ? nullptr : FindLease(*job, held.attempt());
    if (lease == nullptr || lease->worker != request.worker()) {
      response.add_dropped(held.job());
      continue;
    }
    lease->end = now + options.lease_term;
    lease->renewed = now;
    lease->acknowledged = true;
    worker.leases.insert({job, lease->attempt});  // re-adopted after a restart of the coordinator
    if (held.has_progress()) NoteProgress(*job, *lease, held.progress());
    SetDeadline(*job, *lease);
  }
}

void Scheduler::State::TakeBackUnnamed(WorkerEntry& worker, const v1::SyncRequest& request,
                                       bool leaves) {
  std::set<std::pair<absl::string_view, uint64_t>> named;
  for (const v1::JobReport& report : request.reports()) {
    named.insert({report.job(), report.attempt()});
  }
  for (const v1::HeldLease& held : request.held()) named.insert({held.job(), held.attempt()});
  // A request that was sent before its worker saw the grant may arrive a little after it. Whoever
  // leaves will not take up any grant.
  const absl::Duration grace = leaves ? absl::ZeroDuration() : 2 * options.busy_sync;
  std::vector<JobRef> unnamed;
  for (const JobRef& ref : worker.leases) {
    const absl::Time renewed = FindLease(*ref.job, ref.attempt)->renewed;
    if (named.contains({ref.job->job.name(), ref.attempt}) || now - renewed < grace) continue;
    unnamed.push_back(ref);
  }
  for (const JobRef& ref : unnamed) {
    const LiveLease lease = *FindLease(*ref.job, ref.attempt);
    if (lease.acknowledged) {
      BlameMachine(*ref.job, lease, "lost: its worker no longer names it");
    } else {
      Return(*ref.job, lease, "the grant never reached its worker");
    }
  }
}

void Scheduler::State::On(const Tick&, Effects&) {
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    const JobRef ref = deadlines.begin()->second;
    const LiveLease lease = *FindLease(*ref.job, ref.attempt);
    const std::string why =
        lease.end <= now
            ? "the lease ran out"
            : absl::StrCat("it made no progress for ", absl::FormatDuration(options.stall_limit));
    BlameMachine(*ref.job, lease, absl::StrCat("lost: ", why));
  }
  MarkSilentWorkers();
}

}  // namespace rnnfarm::scheduler
