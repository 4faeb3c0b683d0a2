// What workers say that their jobs came to. Everything here is fenced: only the attempt that holds
// the lease changes anything.
#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/random_stream.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Outcomes of attempts that were the machine's fault begin with one of these.
constexpr char kLost[] = "lost";
constexpr char kMachine[] = "machine";
constexpr size_t kWorkersToBlameTheJob = 2;

v1::ReportOutcome Accepted() {
  v1::ReportOutcome outcome;
  outcome.set_accepted(true);
  return outcome;
}

v1::ReportOutcome Refused(absl::string_view code, std::string message) {
  v1::ReportOutcome outcome;
  outcome.set_code(std::string(code));
  outcome.set_message(std::move(message));
  return outcome;
}

using Artifacts = google::protobuf::Map<std::string, std::string>;

bool SameArtifacts(const Artifacts& a, const Artifacts& b) {
  return std::map<std::string, std::string>(a.begin(), a.end()) ==
         std::map<std::string, std::string>(b.begin(), b.end());
}

// The same result again, whose answer was lost on its way.
bool IsRepeated(const v1::Job& job, const v1::JobReport& report) {
  const bool committed =
      job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_DIVERGED;
  return committed && report.has_result() && report.attempt() == job.attempt() &&
         SameArtifacts(job.artifacts(), report.result().artifacts());
}

// The artifact without which a result of this kind is none, or empty.
std::string MissingArtifact(const v1::Job& job, const v1::JobResult& result) {
  std::vector<std::string> roles;
  if (job.kind() == v1::JOB_KIND_TRAIN && !result.diverged()) roles = {"network"};
  if (job.kind() == v1::JOB_KIND_ANALYZE) roles = {"states", "fixed_points"};
  for (const std::string& role : roles) {
    if (!result.artifacts().contains(role)) return role;
  }
  return "";
}

}  // namespace

v1::ReportOutcome Scheduler::State::Report(WorkerEntry& worker, const v1::JobReport& report) {
  JobEntry* job = FindJob(report.job());
  if (job == nullptr) {
    return Refused("NOT_FOUND", absl::StrCat("there is no job ", report.job()));
  }
  if (IsRepeated(job->job, report)) return Accepted();
  if (job->job.state() != v1::JOB_STATE_LEASED || job->job.attempt() != report.attempt() ||
      job->worker != worker.worker.name()) {
    return Refused("ABORTED",
                   absl::StrCat("attempt ", report.attempt(), " of ", worker.worker.name(),
                                " does not hold the lease of ", report.job(), ", which is ",
                                v1::JobState_Name(job->job.state()), " at attempt ",
                                job->job.attempt(), "; drop it"));
  }
  switch (report.event_case()) {
    case v1::JobReport::kCheckpoint:
      Keep(*job, report.checkpoint());
      return Accepted();
    case v1::JobReport::kResult: {
      const std::string missing = MissingArtifact(job->job, report.result());
      if (!missing.empty()) {
        v1::JobError error;
        error.set_message(absl::StrCat("the result has no artifact \"", missing, "\""));
        Fail(worker, *job, error);
        return Refused("INVALID_ARGUMENT", error.message());
      }
      Succeed(*job, report.result());
      worker.worker.set_jobs_succeeded(worker.worker.jobs_succeeded() + 1);
      worker.worker.set_failures_in_a_row(0);
      worker.failed.clear();
      return Accepted();
    }
    case v1::JobReport::kError:
      Fail(worker, *job, report.error());
      return Accepted();
    case v1::JobReport::kReturned:
      EndAttempt(*job, absl::StrCat("returned: ", report.returned().reason()));
      job->job.set_preemptions(job->job.preemptions() + 1);
      SetState(*job, v1::JOB_STATE_PENDING);
      return Accepted();
    default:
      return Refused("INVALID_ARGUMENT", "the report says nothing; it must have an event");
  }
}

void Scheduler::State::Keep(JobEntry& job, const v1::Checkpoint& checkpoint) {
  auto& kept = *job.job.mutable_checkpoints();
  if (!kept.empty() && kept[kept.size() - 1].digest() == checkpoint.digest()) return;
  *kept.Add() = checkpoint;
  if (kept.size() > kKeptCheckpoints) kept.DeleteSubrange(0, kept.size() - kKeptCheckpoints);
  MarkDirty(job);
}

void Scheduler::State::Succeed(JobEntry& job, const v1::JobResult& result) {
  *job.job.mutable_artifacts() = result.artifacts();
  job.job.clear_checkpoints();
  job.job.clear_reason();
  switch (job.job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return EndSearch(job, result);
    case v1::JOB_KIND_TRAIN:
      return EndTraining(job, result);
    case v1::JOB_KIND_ANALYZE:
      return EndAnalysis(job, result);
    default:
      EndAttempt(job, "succeeded");
      SetState(job, v1::JOB_STATE_SUCCEEDED);
  }
}

void Scheduler::State::EndTraining(JobEntry& job, const v1::JobResult& result) {
  NetworkEntry& network = *job.network;
  *network.network.mutable_training() = result.training();
  *network.network.mutable_hyperparameters() = job.configuration->configuration.hyperparameters();
  MarkDirty(network);
  if (result.diverged()) {
    EndAttempt(job, "diverged");
    SetState(job, v1::JOB_STATE_DIVERGED);
    std::string reason =
        absl::StrCat("training diverged at iteration ", result.training().diverged_at());
    if (result.training().has_last_finite_loss()) {
      absl::StrAppend(&reason, ", last finite loss ",
                      population::FormatNumber(result.training().last_finite_loss()));
    }
    return Exclude(network, v1::NETWORK_STATE_DIVERGED, reason);
  }
  (*network.network.mutable_artifacts())["network"] = result.artifacts().at("network");
  network.network.set_state(v1::NETWORK_STATE_TRAINED);
  EndAttempt(job, "succeeded");
  SetState(job, v1::JOB_STATE_SUCCEEDED);
  Enqueue(*network.analyze);
}

void Scheduler::State::EndAnalysis(JobEntry& job, const v1::JobResult& result) {
  v1::Network& network = job.network->network;
  *network.mutable_fixed_points() = result.fixed_points();
  const std::map<std::string, std::string> artifacts(result.artifacts().begin(),
                                                     result.artifacts().end());
  for (const auto& [role, digest] : artifacts) (*network.mutable_artifacts())[role] = digest;
  network.set_state(v1::NETWORK_STATE_ANALYZED);
  network.set_included(true);
  network.clear_excluded_reason();
  MarkDirty(*job.network);
  EndAttempt(job, "succeeded");
  SetState(job, v1::JOB_STATE_SUCCEEDED);
}

void Scheduler::State::Fail(WorkerEntry& worker, JobEntry& job, const v1::JobError& error) {
  BlameWorker(worker, job);
  if (error.transient()) {
    BackOff(job, job.job.lost_leases() + 1);
    return BlameMachine(job, absl::StrCat(kMachine, ": ", error.message()));
  }
  EndAttempt(job, absl::StrCat("error: ", error.message()));
  job.job.set_errors(job.job.errors() + 1);
  job.job.set_reason(ShortReason(error.message()));
  if (job.job.errors() >= job.sweep->sweep.spec().limits().max_attempts()) {
    return GiveUp(job, v1::JOB_STATE_FAILED, error.message());
  }
  BackOff(job, job.job.errors());
  SetState(job, v1::JOB_STATE_PENDING);
}

// One machine may be at fault for any number of losses; a job that takes down two of them is not
// given a third.
void Scheduler::State::BlameMachine(JobEntry& job, absl::string_view outcome) {
  EndAttempt(job, outcome);
  job.job.set_lost_leases(job.job.lost_leases() + 1);
  job.job.set_reason(ShortReason(outcome));
  std::set<std::string> blamed;
  for (const v1::Attempt& attempt : job.job.attempts()) {
    if (absl::StartsWith(attempt.outcome(), kLost) ||
        absl::StartsWith(attempt.outcome(), kMachine)) {
      blamed.insert(attempt.worker());
    }
  }
  // Only the coordinator compares.
  const size_t enough = job.job.kind() == v1::JOB_KIND_COMPARE ? 1 : kWorkersToBlameTheJob;
  if (job.job.lost_leases() >= options.max_lost_leases && blamed.size() >= enough) {
    return GiveUp(job, v1::JOB_STATE_QUARANTINED, outcome);
  }
  SetState(job, v1::JOB_STATE_PENDING);
}

void Scheduler::State::BlameWorker(WorkerEntry& worker, const JobEntry& job) {
  if (!worker.failed.insert(job.job.name()).second) return;
  worker.worker.set_failures_in_a_row(worker.worker.failures_in_a_row() + 1);
  // The last worker of its kind is kept: the jobs' own budgets end what cannot succeed, whereas
  // without a worker nothing would ever end.
  const bool others = ActiveWorkers(job.job.kind()) > 1;
  if (worker.worker.state() == v1::WORKER_STATE_ACTIVE && others &&
      worker.worker.failures_in_a_row() >= options.max_failures_in_a_row) {
    worker.worker.set_state(v1::WORKER_STATE_QUARANTINED);
  }
}

void Scheduler::State::BackOff(JobEntry& job, int failures) {
  constexpr int kMostDoublings = 30;
  const absl::Duration longest =
      std::min(options.longest_backoff,
               options.first_backoff * (int64_t{1} << std::clamp(failures - 1, 0, kMostDoublings)));
  base::RandomStream jitter(base::DeriveStream(options.jitter_seed, job.job.name(), "back-off"),
                            job.job.attempt());
  SetTime(now + longest * jitter.Uniform(), *job.job.mutable_not_before());
}

void Scheduler::State::GiveUp(JobEntry& job, v1::JobState state, absl::string_view reason) {
  SetState(job, state);
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
