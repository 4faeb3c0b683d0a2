// Whether loaded records fit together, so that everything after may follow their links unasked.
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// No job fails so often: what is near the end of its type is no count.
constexpr int32_t kMostFailures = 1 << 30;

// The name of a job with these fields; empty if its kind is none.
std::string NameOf(const v1::Sweep& sweep, const v1::Job& job) {
  const std::string jobs = absl::StrCat(sweep.name(), "/jobs/");
  switch (job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return absl::StrCat(jobs, "search-", job.configuration(), "-d", job.draw(), "-r", job.rung());
    case v1::JOB_KIND_TRAIN:
      return absl::StrCat(jobs, "train-", job.network());
    case v1::JOB_KIND_ANALYZE:
      return absl::StrCat(jobs, "analyze-", job.network());
    case v1::JOB_KIND_COMPARE:
      return absl::StrCat(jobs, "compare-", job.task());
    default:
      return "";
  }
}

bool IsCount(int32_t count) { return count >= 0 && count <= kMostFailures; }

bool HasSoundFields(const v1::Sweep& sweep, const v1::Job& job) {
  return v1::JobState_IsValid(job.state()) && job.state() != v1::JOB_STATE_UNSPECIFIED &&
         job.name() == NameOf(sweep, job) && IsCount(job.errors()) && IsCount(job.lost_leases()) &&
         IsCount(job.preemptions());
}

// Whether the configuration's search has the draw and the rung.
bool HasTrial(const v1::Sweep& sweep, const v1::Configuration& configuration, const v1::Job& job) {
  return job.draw() >= 0 && job.draw() < configuration.trials_size() && job.rung() >= 0 &&
         job.rung() < sweep.spec().search().rungs();
}

bool AreTrialsInOrder(const v1::Configuration& configuration) {
  for (int i = 0; i < configuration.trials_size(); ++i) {
    if (configuration.trials(i).draw() != i) return false;
  }
  return true;
}

}  // namespace

void Scheduler::State::NoteOrphan(absl::string_view owned, absl::string_view owner) {
  if (!load_error.ok()) return;
  load_error = absl::DataLossError(absl::StrCat(
      "the record of ", owned, " belongs to \"", owner,
      "\", of which there is no record; the store is damaged: restore it from a copy"));
}

void Scheduler::State::NoteContradiction(absl::string_view record) {
  if (!load_error.ok()) return;
  load_error = absl::DataLossError(absl::StrCat(
      "the record of ", record,
      " contradicts itself or its name; the store is damaged: restore it from a copy"));
}

void Scheduler::State::CheckLinks(const SweepEntry& sweep) {
  std::set<std::string> tasks;
  for (const v1::Task& task : sweep.sweep.spec().task()) tasks.insert(task.name());
  for (const auto& entry : sweep.configurations) {
    const v1::Configuration& configuration = entry->configuration;
    if (!tasks.contains(configuration.task())) {
      NoteOrphan(configuration.key(), configuration.task());
    }
    if (!AreTrialsInOrder(configuration)) NoteContradiction(configuration.key());
  }
  for (const auto& entry : sweep.unarranged) CheckLinksOfJob(sweep, entry->job, tasks);
  for (const auto& entry : sweep.networks) CheckLinksOfNetwork(sweep, entry->network);
}

void Scheduler::State::CheckLinksOfJob(const SweepEntry& sweep, const v1::Job& job,
                                       const std::set<std::string>& tasks) {
  if (!HasSoundFields(sweep.sweep, job)) NoteContradiction(job.name());
  if (job.attempt() < LastAttemptBefore(sweep)) NoteContradiction(job.name());
  if (!tasks.contains(job.task())) NoteOrphan(job.name(), job.task());
  if (job.kind() == v1::JOB_KIND_COMPARE) return;
  const auto configuration = sweep.configuration_by_key.find(job.configuration());
  if (configuration == sweep.configuration_by_key.end()) {
    return NoteOrphan(job.name(), job.configuration());
  }
  if (job.kind() != v1::JOB_KIND_SEARCH) {
    if (!sweep.network_by_key.contains(job.network())) NoteOrphan(job.name(), job.network());
  } else if (!HasTrial(sweep.sweep, configuration->second->configuration, job)) {
    NoteContradiction(job.name());
  }
}

void Scheduler::State::CheckLinksOfNetwork(const SweepEntry& sweep, const v1::Network& network) {
  if (network.name() != absl::StrCat(sweep.sweep.name(), "/networks/", network.key())) {
    NoteContradiction(network.name());
  }
  if (!sweep.configuration_by_key.contains(network.configuration())) {
    NoteOrphan(network.name(), network.configuration());
  }
  for (absl::string_view kind : {"train-", "analyze-"}) {
    if (kind == "train-" && !IsTrainedHere(network)) continue;
    const std::string job = absl::StrCat(sweep.sweep.name(), "/jobs/", kind, network.key());
    if (!job_by_name.contains(job)) NoteOrphan(network.name(), job);
  }
}

}  // namespace rnnfarm::scheduler
