// Submission of a sweep: a new one, the same one again, an extension.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/extension.h"
#include "coordinator/scheduler/state.h"
#include "google/protobuf/util/message_differencer.h"

namespace rnnfarm::scheduler {
namespace {

std::string JoinViolations(const std::vector<population::Violation>& violations) {
  const size_t shown = std::min<size_t>(violations.size(), kMostReportedViolations);
  std::string text = absl::StrJoin(violations.begin(), violations.begin() + shown, "; ",
                                   [](std::string* out, const population::Violation& violation) {
                                     absl::StrAppend(out, violation.field, ": ", violation.message);
                                   });
  if (shown < violations.size()) {
    absl::StrAppend(&text, "; and ", violations.size() - shown, " more");
  }
  return text;
}

absl::Status CheckFilesNamed(const v1::SweepSpec& spec) {
  for (const v1::Task& task : spec.task()) {
    if (task.has_dataset() && task.dataset().digest().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("task \"", task.name(), "\": dataset.digest is empty; upload ",
                       task.dataset().path(), " as an artifact and name its SHA-256"));
    }
  }
  for (const v1::Import& import : spec.import()) {
    if (!import.digest().empty() && import.units() > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("import ", import.path(), ": digest or units are missing; upload it as an ",
                     "artifact and name its SHA-256"));
  }
  return absl::OkStatus();
}

v1::Sweep Unsubmitted(const v1::SweepSpec& resolved, const std::string& digest,
                      const population::Population& population) {
  v1::Sweep sweep;
  sweep.set_name(absl::StrCat("sweeps/", resolved.name()));
  *sweep.mutable_spec() = resolved;
  sweep.set_spec_digest(digest);
  sweep.set_network_count(static_cast<int64_t>(population.networks.size()));
  for (const v1::ExcludedCells& cells : population.excluded) *sweep.add_excluded() = cells;
  return sweep;
}

std::string JobName(const SweepEntry& sweep, absl::string_view id) {
  return absl::StrCat(sweep.sweep.name(), "/jobs/", id);
}

}  // namespace

JobEntry& Scheduler::State::AddJob(SweepEntry& sweep, v1::Job job) {
  job.set_state(v1::JOB_STATE_PENDING);
  job.set_attempt(LastAttemptBefore(sweep));
  SetTime(now, *job.mutable_create_time());
  auto owned = std::make_unique<JobEntry>();
  JobEntry& entry = *owned;
  entry.job = std::move(job);
  entry.sweep = &sweep;
  job_by_name[entry.job.name()] = &entry;
  LinkJob(std::move(owned));
  MarkDirty(entry);
  touched[sweep.key] = &sweep;
  return entry;
}

void Scheduler::State::AddSearchJob(ConfigurationEntry& configuration, int draw, int rung) {
  v1::Job job;
  const std::string& key = configuration.configuration.key();
  job.set_name(JobName(*configuration.sweep, absl::StrCat("search-", key, "-d", draw, "-r", rung)));
  job.set_kind(v1::JOB_KIND_SEARCH);
  job.set_task(configuration.configuration.task());
  job.set_configuration(key);
  job.set_draw(draw);
  job.set_rung(rung);
  Enqueue(AddJob(*configuration.sweep, std::move(job)));
}

void Scheduler::State::AddJobsOf(NetworkEntry& network) {
  v1::Job job;
  job.set_task(network.network.task());
  job.set_configuration(network.network.configuration());
  job.set_network(network.network.key());
  SweepEntry& sweep = *network.configuration->sweep;
  if (IsTrainedHere(network.network) && network.train == nullptr) {
    job.set_kind(v1::JOB_KIND_TRAIN);
    job.set_name(JobName(sweep, absl::StrCat("train-", job.network())));
    AddJob(sweep, job);
  }
  if (network.analyze == nullptr) {
    job.set_kind(v1::JOB_KIND_ANALYZE);
    job.set_name(JobName(sweep, absl::StrCat("analyze-", job.network())));
    AddJob(sweep, job);
  }
}

// A comparison that is there already has to be done again; its results were those of fewer
// networks.
void Scheduler::State::ReopenComparison(TaskEntry& task) {
  if (task.compare == nullptr) return;
  JobEntry& compare = *task.compare;
  if (compare.job.state() != v1::JOB_STATE_PENDING) {
    Log(compare, v1::JOB_EVENT_KIND_RETRIED, "to be done again: there are other networks now");
  }
  EndLeases(compare, "superseded: there are other networks now");
  compare.job.clear_artifacts();
  compare.job.clear_reason();
  compare.job.set_errors(0);
  compare.job.set_lost_leases(0);
  compare.job.clear_not_before();
  SetState(compare, v1::JOB_STATE_PENDING);
}

// Adds what the population has and the sweep lacks, and orders everything anew.
void Scheduler::State::Populate(SweepEntry& sweep, const population::Population& population) {
  const v1::SweepSpec& spec = sweep.sweep.spec();
  const size_t known_networks = sweep.networks.size();
  const size_t known_configurations = sweep.configurations.size();
  for (const v1::Configuration& configuration : population.configurations) {
    if (sweep.configuration_by_key.contains(configuration.key())) continue;
    v1::Configuration added = configuration;
    const int draws = added.chosen() ? 0 : spec.search().trials_per_config();
    for (int draw = 0; draw < draws; ++draw) {
      v1::SearchTrial& trial = *added.add_trials();
      trial.set_draw(draw);
      *trial.mutable_hyperparameters() = population::DrawHyperparameters(spec, added.key(), draw);
    }
    AddConfiguration(sweep, std::move(added));
  }
  for (const v1::Network& network : population.networks) {
    if (!sweep.network_by_key.contains(network.key())) AddNetwork(sweep, network);
  }
  std::vector<ConfigurationEntry*> configurations;
  for (size_t i = known_configurations; i < sweep.configurations.size(); ++i) {
    configurations.push_back(sweep.configurations[i].get());
  }
  std::vector<NetworkEntry*> networks;
  for (size_t i = known_networks; i < sweep.networks.size(); ++i) {
    networks.push_back(sweep.networks[i].get());
  }
  Arrange(sweep, population);
  for (ConfigurationEntry* added : configurations) {
    MarkDirty(*added);
    for (const v1::SearchTrial& trial : added->configuration.trials()) {
      AddSearchJob(*added, trial.draw(), 0);
    }
  }
  for (NetworkEntry* added : networks) {
    MarkDirty(*added);
    AddJobsOf(*added);
    const std::string& failure = added->configuration->configuration.failure_reason();
    if (!failure.empty() && !added->network.untrained()) {
      Exclude(*added, v1::NETWORK_STATE_CANCELLED, failure);
    }
  }
  for (auto& task : sweep.tasks) {
    const bool grew = std::any_of(networks.begin(), networks.end(), [&](const NetworkEntry* added) {
      return added->network.task() == task->name;
    });
    if (task->compare != nullptr) {
      if (grew) ReopenComparison(*task);
      continue;
    }
    v1::Job job;
    job.set_kind(v1::JOB_KIND_COMPARE);
    job.set_task(task->name);
    job.set_name(JobName(sweep, absl::StrCat("compare-", task->name)));
    AddJob(sweep, std::move(job));
  }
  EnqueueAll(sweep);
}

void Scheduler::State::Create(const v1::SweepSpec& resolved, const std::string& digest,
                              const population::Population& population) {
  v1::Sweep sweep;
  sweep.set_name(absl::StrCat("sweeps/", resolved.name()));
  *sweep.mutable_spec() = resolved;
  sweep.set_spec_digest(digest);
  sweep.set_state(v1::SWEEP_STATE_RUNNING);
  SetTime(now, *sweep.mutable_create_time());
  AddSweep(std::move(sweep));
  SweepEntry& entry = *FindSweep(resolved.name());
  MarkDirty(entry);
  Populate(entry, population);
}

void Scheduler::State::Extend(SweepEntry& sweep, const v1::SweepSpec& resolved,
                              const std::string& digest, const population::Population& population) {
  *sweep.sweep.mutable_spec() = resolved;
  sweep.sweep.set_spec_digest(digest);
  MarkDirty(sweep);
  Populate(sweep, population);
}

void Scheduler::State::Reschedule(SweepEntry& sweep, const v1::Scheduling& scheduling) {
  v1::SweepSpec& spec = *sweep.sweep.mutable_spec();
  if (google::protobuf::util::MessageDifferencer::Equals(spec.scheduling(), scheduling)) return;
  *spec.mutable_scheduling() = scheduling;
  MarkDirty(sweep);
  AdoptScheduling(sweep);
  EnqueueAll(sweep);
}

absl::Status Scheduler::State::CheckRoom(const SweepEntry* existing, const v1::SweepSpec& resolved,
                                         const population::Population& population) const {
  int64_t added = 0;
  for (const v1::Configuration& each : population.configurations) {
    const bool known = existing != nullptr && existing->configuration_by_key.contains(each.key());
    if (!known && !each.chosen()) added += resolved.search().trials_per_config();
  }
  for (const v1::Network& each : population.networks) {
    const bool known = existing != nullptr && existing->network_by_key.contains(each.key());
    if (!known) added += IsTrainedHere(each) ? 2 : 1;
  }
  if (open_jobs + added <= options.max_open_jobs) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the sweep adds ", added, " jobs to ", open_jobs, " open ones; the limit is ",
                   options.max_open_jobs,
                   ": wait until jobs have ended, cancel a sweep, or raise the coordinator's flag "
                   "--max_open_jobs"));
}

void Scheduler::State::On(const Submit& event, Effects& effects) {
  const v1::SweepSpec& spec = event.request.spec();
  const auto violations = population::Validate(spec, options.max_networks);
  if (!violations.empty()) {
    effects.status = absl::InvalidArgumentError(JoinViolations(violations));
    return;
  }
  const bool only_validate = event.request.validate_only();
  if (!only_validate) effects.status = CheckFilesNamed(spec);
  if (!effects.status.ok()) return;
  const v1::SweepSpec resolved = population::WithDefaults(spec);
  const std::string digest = population::SpecDigest(resolved);
  SweepEntry* existing = FindSweep(resolved.name());
  v1::SubmitSweepResponse response;
  if (existing != nullptr && existing->sweep.spec_digest() == digest) {
    if (!only_validate) Reschedule(*existing, resolved.scheduling());
    response.set_already_existed(true);
    *response.mutable_sweep() = Describe(*existing);
    if (only_validate) {
      *response.mutable_preview() = Preview(existing, resolved, population::Enumerate(resolved));
    }
    effects.reply = std::move(response);
    return;
  }
  if (existing != nullptr && !event.request.extend()) {
    effects.status = IsAnother(existing->sweep, resolved);
    return;
  }
  const population::Population population = population::Enumerate(resolved);
  if (existing != nullptr) {
    if (existing->sweep.state() == v1::SWEEP_STATE_CANCELLED) {
      effects.status = absl::FailedPreconditionError(
          absl::StrCat("sweep ", existing->sweep.name(),
                       " was cancelled; submit under another name, or delete it before"));
      return;
    }
    const std::string broken =
        WhatExtensionBreaks(existing->sweep.spec(), population::Enumerate(existing->sweep.spec()),
                            resolved, population);
    if (!broken.empty()) {
      effects.status = absl::AlreadyExistsError(
          absl::StrCat("sweep ", existing->sweep.name(), " can only be extended by new networks (",
                       broken, "); choose another name"));
      return;
    }
  }
  effects.status = CheckRoom(existing, resolved, population);
  if (!effects.status.ok()) return;
  if (only_validate) {
    *response.mutable_sweep() = Unsubmitted(resolved, digest, population);
    *response.mutable_preview() = Preview(existing, resolved, population);
    effects.reply = std::move(response);
    return;
  }
  if (existing == nullptr) {
    Create(resolved, digest, population);
  } else {
    Extend(*existing, resolved, digest, population);
  }
  Settle();
  *response.mutable_sweep() = Describe(*FindSweep(resolved.name()));
  effects.reply = std::move(response);
}

}  // namespace rnnfarm::scheduler
