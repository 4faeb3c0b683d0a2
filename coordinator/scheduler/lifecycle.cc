// What a person asks of a sweep, a job or a worker.
#include "absl/strings/str_cat.h"
#include "base/enum_word.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

constexpr char kSweepCancelled[] = "the sweep was cancelled";
constexpr char kSearchWentOn[] = "the search of its configuration went on without this draw";

absl::Status WrongState(const v1::Sweep& sweep, absl::string_view wanted) {
  return absl::FailedPreconditionError(absl::StrCat(
      "sweep ", LastSegment(sweep.name()), " is ",
      base::EnumWord(v1::SweepState_Name(sweep.state()), "SWEEP_STATE_"), "; only ", wanted));
}

absl::Status NothingToRetry(const v1::Job& job, bool reseed) {
  const bool diverged = job.kind() == v1::JOB_KIND_TRAIN && job.state() == v1::JOB_STATE_DIVERGED;
  return absl::FailedPreconditionError(absl::StrCat(
      "job ", job.name(), " is ", base::EnumWord(v1::JobState_Name(job.state()), "JOB_STATE_"),
      diverged && !reseed ? "; with the same seed it would diverge again: retry it with another one"
                          : "; only a failed, quarantined or held job can be retried"));
}

}  // namespace

bool CanBeRetried(const v1::Job& job, bool reseed) {
  return IsFailure(job.state()) || job.state() == v1::JOB_STATE_HELD ||
         (reseed && job.kind() == v1::JOB_KIND_TRAIN && job.state() == v1::JOB_STATE_DIVERGED);
}

void Scheduler::State::On(const CancelSweep& event, Effects& effects) {
  SweepEntry* sweep = FindSweep(event.sweep);
  if (sweep == nullptr) {
    effects.status = NoSweep(event.sweep);
    return;
  }
  const v1::SweepState state = sweep->sweep.state();
  if (state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED) {
    effects.status = WrongState(sweep->sweep, "a sweep that has not ended can be cancelled");
    return;
  }
  if (state != v1::SWEEP_STATE_CANCELLED) {
    SetSweepState(*sweep, v1::SWEEP_STATE_CANCELLED);
    for (auto& [order, job] : sweep->jobs) Cancel(*job, kSweepCancelled);
    for (auto& network : sweep->networks) {
      const v1::NetworkState was = network->network.state();
      if (was == v1::NETWORK_STATE_PENDING) {
        Exclude(*network, v1::NETWORK_STATE_CANCELLED, kSweepCancelled);
      } else if (was == v1::NETWORK_STATE_TRAINED) {
        Exclude(*network, v1::NETWORK_STATE_TRAINED, kSweepCancelled);
      }
    }
  }
  effects.reply = Describe(*sweep);
}

void Scheduler::State::On(const PauseSweep& event, Effects& effects) {
  SwitchSweep(event.sweep, v1::SWEEP_STATE_PAUSED, "a running sweep can be paused", effects);
}

void Scheduler::State::On(const ResumeSweep& event, Effects& effects) {
  SwitchSweep(event.sweep, v1::SWEEP_STATE_RUNNING, "a paused sweep can be resumed", effects);
}

void Scheduler::State::SwitchSweep(absl::string_view name, v1::SweepState to,
                                   absl::string_view rule, Effects& effects) {
  SweepEntry* sweep = FindSweep(name);
  if (sweep == nullptr) {
    effects.status = NoSweep(name);
    return;
  }
  const v1::SweepState state = sweep->sweep.state();
  if (state != v1::SWEEP_STATE_RUNNING && state != v1::SWEEP_STATE_PAUSED) {
    effects.status = WrongState(sweep->sweep, rule);
    return;
  }
  if (state != to) SetSweepState(*sweep, to);
  effects.reply = Describe(*sweep);
}

void Scheduler::State::On(const RetryJobs& event, Effects& effects) {
  for (const std::string& name : event.jobs) {
    const JobEntry* job = FindJob(name);
    if (job == nullptr) {
      effects.status = absl::NotFoundError(absl::StrCat("there is no job ", name));
      return;
    }
    if (!CanBeRetried(job->job, event.reseed)) {
      effects.status = NothingToRetry(job->job, event.reseed);
      return;
    }
    if (job->sweep->sweep.state() == v1::SWEEP_STATE_CANCELLED) {
      effects.status = WrongState(job->sweep->sweep, "jobs of other sweeps can be retried");
      return;
    }
  }
  v1::RetryJobsResponse response;
  for (const std::string& name : event.jobs) {
    response.add_jobs(name);
    JobEntry& job = *FindJob(name);
    // A name may be listed twice.
    if (!event.validate_only && CanBeRetried(job.job, event.reseed)) Retry(job, event.reseed);
  }
  effects.reply = std::move(response);
}

void Scheduler::State::Retry(JobEntry& job, bool reseed) {
  if (job.job.kind() == v1::JOB_KIND_SEARCH) {
    const ConfigurationEntry& configuration = *job.configuration;
    const bool went_on = configuration.configuration.chosen() ||
                         static_cast<int>(configuration.entered.size()) > job.job.rung() + 1;
    if (went_on) {
      job.job.set_reason(kSearchWentOn);
      return End(job, v1::JOB_STATE_CANCELLED, kSearchWentOn);
    }
  }
  job.job.set_errors(0);
  job.job.set_lost_leases(0);
  job.job.clear_not_before();
  // Where no worker has what it learnt to need, it begins anew with what the sweep asks for: its
  // workers may have been given more by now.
  if (DemandOf(NeedOf(job)).workers[job.job.kind()] == 0) job.job.clear_memory_bytes();
  ReviveDependants(job);
  std::string how = "retried by a person";
  if (reseed && job.job.kind() == v1::JOB_KIND_TRAIN) {
    Reseed(job);
    absl::StrAppend(&how, " with another seed, the network's number ",
                    job.network->network.reseeds());
  }
  Reopen(job, how);
  if (job.job.kind() != v1::JOB_KIND_COMPARE) ReopenComparison(*job.task);
}

// Of a training that failed or diverged: what it left is of the old seed.
void Scheduler::State::Reseed(JobEntry& job) {
  job.job.clear_checkpoints();
  job.job.clear_artifacts();
  v1::Network& network = job.network->network;
  network.set_reseeds(network.reseeds() + 1);
  network.clear_training();
  network.clear_hyperparameters();
  MarkDirty(*job.network);
}

void Scheduler::State::ReviveDependants(JobEntry& job) {
  if (job.job.kind() == v1::JOB_KIND_SEARCH &&
      !job.configuration->configuration.failure_reason().empty()) {
    ReviveConfiguration(*job.configuration);
  }
  if (job.network == nullptr) return;
  NetworkEntry& network = *job.network;
  const bool trains = job.job.kind() == v1::JOB_KIND_TRAIN;
  network.network.set_state(trains ? v1::NETWORK_STATE_PENDING : v1::NETWORK_STATE_TRAINED);
  network.network.clear_excluded_reason();
  MarkDirty(network);
  if (trains && network.analyze->job.state() == v1::JOB_STATE_CANCELLED) {
    Reopen(*network.analyze, "can be done after all: its training is tried again");
  }
}

void Scheduler::State::On(const DrainWorker& event, Effects& effects) {
  const auto found = workers.find(absl::StrCat("workers/", LastSegment(event.worker)));
  if (found == workers.end()) {
    effects.status = absl::NotFoundError(
        absl::StrCat("there is no worker ", event.worker, "; list the workers"));
    return;
  }
  WorkerEntry& worker = found->second;
  if (worker.worker.state() == v1::WORKER_STATE_LOST) {
    effects.status = absl::FailedPreconditionError(
        absl::StrCat("worker ", worker.worker.name(),
                     " is lost: it has not synced for a lease term, and its jobs were taken back; "
                     "there is nothing to drain"));
    return;
  }
  if (worker.left) {
    effects.status = absl::FailedPreconditionError(absl::StrCat(
        "worker ", worker.worker.name(), " was drained and has left; there is nothing to drain"));
    return;
  }
  RequestDrain(worker, true);
  SetWorkerState(worker, v1::WORKER_STATE_DRAINING);
  // An idle worker's call may be parked; it is answered at once.
  work_appeared = true;
  effects.reply = Describe(worker);
}

}  // namespace rnnfarm::scheduler
