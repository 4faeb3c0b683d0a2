// What goes wrong, whose fault it is, and what becomes of the job.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/memory_size.h"
#include "base/random_stream.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Outcomes of attempts that were the machine's fault begin with one of these.
constexpr char kLost[] = "lost";
constexpr char kMachine[] = "machine";
constexpr size_t kWorkersToBlameTheJob = 2;

// Whether the job took down so many machines, and different ones, that it is not given another.
bool IsPoison(const v1::Job& job, const Options& options) {
  if (job.lost_leases() < options.max_lost_leases) return false;
  std::set<std::string> blamed;
  for (const v1::Attempt& attempt : job.attempts()) {
    if (absl::StartsWith(attempt.outcome(), kLost) ||
        absl::StartsWith(attempt.outcome(), kMachine)) {
      blamed.insert(attempt.worker());
    }
  }
  // Only the coordinator compares.
  return blamed.size() >= (job.kind() == v1::JOB_KIND_COMPARE ? 1 : kWorkersToBlameTheJob);
}

}  // namespace

void Scheduler::State::Fail(WorkerEntry& worker, JobEntry& job, const LiveLease& lease,
                            const v1::JobError& error) {
  if (error.out_of_memory() && job.job.kind() != v1::JOB_KIND_COMPARE) {
    return RunOutOfMemory(worker, job, lease, error);
  }
  if (!error.of_input()) BlameWorker(worker, job);
  if (error.transient()) {
    return BlameMachine(job, lease, absl::StrCat(kMachine, ": ", error.message()));
  }
  EndLease(job, lease.attempt, absl::StrCat("error: ", error.message()));
  job.job.set_errors(job.job.errors() + 1);
  job.job.set_reason(ShortReason(error.message()));
  Log(job, v1::JOB_EVENT_KIND_ERROR,
      absl::StrCat("error ", job.job.errors(), " of ",
                   job.sweep->sweep.spec().limits().max_attempts(), ": ", error.message()),
      &lease);
  BackOff(job, lease.attempt, job.job.errors());
  TryAgain(job);
}

void Scheduler::State::BlameMachine(JobEntry& job, const LiveLease& lease,
                                    absl::string_view outcome) {
  EndLease(job, lease.attempt, outcome);
  job.job.set_lost_leases(job.job.lost_leases() + 1);
  job.job.set_reason(ShortReason(outcome));
  // It may be the job that takes the machines down: not the next one at once.
  BackOff(job, lease.attempt, job.job.lost_leases());
  Log(job, v1::JOB_EVENT_KIND_LOST, outcome, &lease);
  TryAgain(job);
}

// Neither the job's fault nor the worker's: it goes on where there is more memory. Since what it
// asks for doubles, that ends at the largest worker.
void Scheduler::State::RunOutOfMemory(WorkerEntry& worker, JobEntry& job, const LiveLease& lease,
                                      const v1::JobError& error) {
  // It cannot have had more than its worker has.
  const int64_t most = worker.ability.memory_bytes;
  const int64_t had = most > 0 ? std::min(error.memory_bytes(), most) : error.memory_bytes();
  const int64_t need = RaisedMemory(had, NeedOf(job).memory_bytes);
  EndLease(job, lease.attempt, absl::StrCat("out of memory: ", error.message()));
  Unwatch(job);
  job.job.set_memory_bytes(need);
  Watch(job);
  std::string reason = "it ran out of memory";
  if (had > 0) absl::StrAppend(&reason, " with ", base::MemoryText(had));
  absl::StrAppend(&reason, "; another attempt needs a worker with ", base::MemoryText(need));
  job.job.set_reason(reason);
  Log(job, v1::JOB_EVENT_KIND_ERROR, absl::StrCat(reason, ": ", error.message()), &lease);
  const bool can_go_on = LineOf(job).demand->workers[job.job.kind()] > 0;
  if (!job.leases.empty() || can_go_on) return TryAgain(job);
  Hold(job, reason);
}

void Scheduler::State::Hold(JobEntry& job, absl::string_view why) {
  const auto& sizes = memories[job.job.kind()];
  const std::string reason = absl::StrCat(
      why, ", and ",
      sizes.empty()
          ? "no worker is active"
          : absl::StrCat("the largest active one has ", base::MemoryText(sizes.rbegin()->first)),
      "; start a larger worker that fits the sweep's scheduling, then retry the job");
  job.job.set_reason(reason);
  Log(job, v1::JOB_EVENT_KIND_HELD, reason);
  SetState(job, v1::JOB_STATE_HELD);
}

void Scheduler::State::BlameWorker(WorkerEntry& worker, JobEntry& job) {
  if (!worker.failed.insert(job.job.name()).second) return;
  worker.worker.set_failures_in_a_row(worker.worker.failures_in_a_row() + 1);
  // The last worker of its kind is kept: the jobs' own budgets end what cannot succeed, whereas
  // without a worker nothing would ever end.
  const bool others = LineOf(job).demand->workers[job.job.kind()] > 1;
  if (worker.worker.state() == v1::WORKER_STATE_ACTIVE && others &&
      worker.worker.failures_in_a_row() >= options.max_failures_in_a_row) {
    SetWorkerState(worker, v1::WORKER_STATE_QUARANTINED);
  }
}

void Scheduler::State::BackOff(JobEntry& job, uint64_t attempt, int failures) {
  constexpr int kMostDoublings = 30;
  const absl::Duration longest =
      std::min(options.longest_backoff,
               options.first_backoff * (int64_t{1} << std::clamp(failures - 1, 0, kMostDoublings)));
  base::RandomStream jitter(base::DeriveStream(options.jitter_seed, job.job.name(), "back-off"),
                            attempt);
  SetTime(now + longest * jitter.Uniform(), *job.job.mutable_not_before());
}

void Scheduler::State::TryAgain(JobEntry& job) {
  // Another attempt goes on, and may yet succeed.
  if (!job.leases.empty()) return;
  const std::string reason = job.job.reason();
  if (job.job.errors() >= job.sweep->sweep.spec().limits().max_attempts()) {
    return GiveUp(job, v1::JOB_STATE_FAILED, reason);
  }
  if (IsPoison(job.job, options)) return GiveUp(job, v1::JOB_STATE_QUARANTINED, reason);
  SetState(job, v1::JOB_STATE_PENDING);
}

void Scheduler::State::GiveUp(JobEntry& job, v1::JobState state, absl::string_view reason) {
  End(job, state, reason);
  switch (job.job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return AdvanceSearch(*job.configuration);
    case v1::JOB_KIND_TRAIN:
      return Exclude(*job.network, v1::NETWORK_STATE_FAILED,
                     absl::StrCat("training failed: ", reason));
    case v1::JOB_KIND_ANALYZE:
      return Exclude(*job.network, v1::NETWORK_STATE_FAILED,
                     absl::StrCat("analysis failed: ", reason));
    default:
      return;
  }
}

}  // namespace rnnfarm::scheduler
