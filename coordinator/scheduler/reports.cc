// What workers say that their jobs came to. Everything here is fenced: only a live attempt changes
// anything.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

constexpr char kSucceeded[] = "succeeded";
constexpr char kDiverged[] = "diverged";

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
  const v1::Attempt* winner = WinnerOf(job);
  return winner != nullptr && report.has_result() && report.attempt() == winner->attempt() &&
         SameArtifacts(job.artifacts(), report.result().artifacts());
}

// The artifact without which a result of this kind is none, or empty.
std::string MissingArtifact(const JobEntry& entry, const v1::JobResult& result) {
  const v1::Job& job = entry.job;
  std::vector<std::string> roles;
  if (job.kind() == v1::JOB_KIND_TRAIN && !result.diverged()) roles = {"network"};
  if (job.kind() == v1::JOB_KIND_ANALYZE) {
    roles = {"states"};
    if (!population::IsRecording(entry.network->network.architecture())) {
      roles.emplace_back("fixed_points");
    }
  }
  for (const std::string& role : roles) {
    if (!result.artifacts().contains(role)) return role;
  }
  return "";
}

}  // namespace

const v1::Attempt* WinnerOf(const v1::Job& job) {
  const bool committed =
      job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_DIVERGED;
  if (!committed) return nullptr;
  const auto& attempts = job.attempts();
  const auto found = std::find_if(attempts.rbegin(), attempts.rend(), [](const auto& attempt) {
    return attempt.outcome() == kSucceeded || attempt.outcome() == kDiverged;
  });
  return found == attempts.rend() ? nullptr : &*found;
}

v1::ReportOutcome Scheduler::State::Report(WorkerEntry& worker, const v1::JobReport& report) {
  JobEntry* job = FindJob(report.job());
  if (job == nullptr) {
    return Refused("NOT_FOUND", absl::StrCat("there is no job ", report.job()));
  }
  if (IsRepeated(job->job, report)) return Accepted();
  const LiveLease* found = FindLease(*job, report.attempt());
  if (found == nullptr || found->worker != worker.worker.name()) {
    return Refused("ABORTED",
                   absl::StrCat("attempt ", report.attempt(), " of ", worker.worker.name(),
                                " does not hold the lease of ", report.job(), ", which is ",
                                v1::JobState_Name(job->job.state()), " at attempt ",
                                job->job.attempt(), "; drop it"));
  }
  const LiveLease lease = *found;
  switch (report.event_case()) {
    case v1::JobReport::kCheckpoint:
      Keep(*job, lease, report.checkpoint());
      return Accepted();
    case v1::JobReport::kResult: {
      const std::string missing = MissingArtifact(*job, report.result());
      if (!missing.empty()) {
        v1::JobError error;
        error.set_message(absl::StrCat("the result has no artifact \"", missing, "\""));
        Fail(worker, *job, lease, error);
        return Refused("INVALID_ARGUMENT", error.message());
      }
      Succeed(*job, lease.attempt, report.result());
      worker.worker.set_jobs_succeeded(worker.worker.jobs_succeeded() + 1);
      worker.worker.set_failures_in_a_row(0);
      worker.failed.clear();
      return Accepted();
    }
    case v1::JobReport::kError:
      Fail(worker, *job, lease, report.error());
      return Accepted();
    case v1::JobReport::kReturned:
      job->job.set_preemptions(job->job.preemptions() + 1);
      Return(*job, lease, report.returned().reason());
      return Accepted();
    default:
      return Refused("INVALID_ARGUMENT", "the report says nothing; it must have an event");
  }
}

// The slower one of two attempts is in order, but what it has is no news.
void Scheduler::State::Keep(JobEntry& job, const LiveLease& lease,
                            const v1::Checkpoint& checkpoint) {
  auto& kept = *job.job.mutable_checkpoints();
  if (!kept.empty() && kept[kept.size() - 1].iteration() >= checkpoint.iteration()) return;
  *kept.Add() = checkpoint;
  if (kept.size() > kKeptCheckpoints) kept.DeleteSubrange(0, kept.size() - kKeptCheckpoints);
  Log(job, v1::JOB_EVENT_KIND_CHECKPOINT,
      absl::StrCat("committed a checkpoint at iteration ", checkpoint.iteration()), &lease);
}

void Scheduler::State::Return(JobEntry& job, const LiveLease& lease, absl::string_view why) {
  const std::string outcome = absl::StrCat("returned: ", why);
  EndLease(job, lease.attempt, outcome);
  Log(job, v1::JOB_EVENT_KIND_RETURNED, outcome, &lease);
  TryAgain(job);
}

void Scheduler::State::Succeed(JobEntry& job, uint64_t attempt, const v1::JobResult& result) {
  *job.job.mutable_artifacts() = result.artifacts();
  job.job.clear_checkpoints();
  job.job.clear_reason();
  switch (job.job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return EndSearch(job, attempt, result);
    case v1::JOB_KIND_TRAIN:
      return EndTraining(job, attempt, result);
    case v1::JOB_KIND_ANALYZE:
      return EndAnalysis(job, attempt, result);
    default:
      return Conclude(job, attempt, false);
  }
}

void Scheduler::State::Conclude(JobEntry& job, uint64_t attempt, bool diverged) {
  const LiveLease winner = *FindLease(job, attempt);
  const std::string outcome = diverged ? kDiverged : kSucceeded;
  EndLease(job, attempt, outcome);
  std::string why = absl::StrCat("attempt ", attempt, " ", outcome);
  for (const LiveLease& late : job.leases) {
    absl::StrAppend(&why, "; attempt ", late.attempt, " of ", late.worker, " comes too late");
  }
  EndLeases(job, absl::StrCat("superseded: attempt ", attempt, " was first"));
  End(job, diverged ? v1::JOB_STATE_DIVERGED : v1::JOB_STATE_SUCCEEDED, why, &winner);
  if (!diverged) Measure(job);
}

void Scheduler::State::EndTraining(JobEntry& job, uint64_t attempt, const v1::JobResult& result) {
  NetworkEntry& network = *job.network;
  *network.network.mutable_training() = result.training();
  *network.network.mutable_hyperparameters() = job.configuration->configuration.hyperparameters();
  MarkDirty(network);
  if (result.diverged()) {
    std::string reason =
        absl::StrCat("training diverged at iteration ", result.training().diverged_at());
    if (result.training().has_last_finite_loss()) {
      absl::StrAppend(&reason, ", last finite loss ",
                      population::FormatNumber(result.training().last_finite_loss()));
    }
    job.job.set_reason(reason);
    Conclude(job, attempt, true);
    return Exclude(network, v1::NETWORK_STATE_DIVERGED, reason);
  }
  (*network.network.mutable_artifacts())["network"] = result.artifacts().at("network");
  network.network.set_state(v1::NETWORK_STATE_TRAINED);
  Conclude(job, attempt, false);
  Enqueue(*network.analyze);
}

void Scheduler::State::EndAnalysis(JobEntry& job, uint64_t attempt, const v1::JobResult& result) {
  v1::Network& network = job.network->network;
  // A recording has none.
  if (result.has_fixed_points()) *network.mutable_fixed_points() = result.fixed_points();
  const std::map<std::string, std::string> artifacts(result.artifacts().begin(),
                                                     result.artifacts().end());
  for (const auto& [role, digest] : artifacts) (*network.mutable_artifacts())[role] = digest;
  network.set_state(v1::NETWORK_STATE_ANALYZED);
  network.set_included(true);
  network.clear_excluded_reason();
  MarkDirty(*job.network);
  Conclude(job, attempt, false);
}

}  // namespace rnnfarm::scheduler
