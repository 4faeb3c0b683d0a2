#include "coordinator/scheduler/state.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace rnnfarm::scheduler {
namespace {

// "SUCCEEDED" of JOB_STATE_SUCCEEDED.
absl::string_view StateWord(v1::JobState state) {
  absl::string_view name = v1::JobState_Name(state);
  absl::ConsumePrefix(&name, "JOB_STATE_");
  return name;
}

}  // namespace

absl::string_view LastSegment(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? name : name.substr(slash + 1);
}

absl::Status NoSweep(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("there is no sweep ", name, "; list the sweeps"));
}

std::string ShortReason(absl::string_view text) {
  // It may quote a worker's file, and what is not UTF-8 could never be read from the store again.
  const std::string whole = base::AsUtf8(text);
  if (whole.size() <= kLongestReason) return whole;
  return absl::StrCat(base::CutUtf8(whole, kLongestReason), "…");
}

SweepEntry* Scheduler::State::FindSweep(absl::string_view name) const {
  const auto found = sweep_by_id.find(LastSegment(name));
  return found == sweep_by_id.end() ? nullptr : found->second;
}

JobEntry* Scheduler::State::FindJob(absl::string_view name) const {
  const auto found = job_by_name.find(name);
  return found == job_by_name.end() ? nullptr : found->second;
}

void Scheduler::State::MarkDirty(SweepEntry& entry) {
  if (!std::exchange(entry.dirty, true)) dirty_sweeps.push_back(&entry);
}
void Scheduler::State::MarkDirty(ConfigurationEntry& entry) {
  if (!std::exchange(entry.dirty, true)) dirty_configurations.push_back(&entry);
}
void Scheduler::State::MarkDirty(NetworkEntry& entry) {
  if (!std::exchange(entry.dirty, true)) dirty_networks.push_back(&entry);
}
void Scheduler::State::MarkDirty(JobEntry& entry) {
  if (!std::exchange(entry.dirty, true)) dirty_jobs.push_back(&entry);
}

void Scheduler::State::SetSweepState(SweepEntry& sweep, v1::SweepState state) {
  sweep.sweep.set_state(state);
  const bool goes_on = state == v1::SWEEP_STATE_RUNNING || state == v1::SWEEP_STATE_PAUSED;
  if (goes_on) {
    sweep.sweep.clear_end_time();
  } else {
    SetTime(now, *sweep.sweep.mutable_end_time());
  }
  if (state == v1::SWEEP_STATE_RUNNING) {
    queues.Open(sweep);
    work_appeared = true;
  } else {
    queues.Close(sweep);
  }
  Rank(sweep);
  MarkDirty(sweep);
}

void Scheduler::State::Count(JobEntry& job, int64_t by) {
  const v1::JobState state = job.job.state();
  const v1::JobKind kind = job.job.kind();
  job.task->counts[kind][state] += by;
  if (!IsOpen(state)) return;
  job.sweep->open += by;
  open_jobs += by;
  if (kind != v1::JOB_KIND_COMPARE) job.task->open += by;
  if (kind == v1::JOB_KIND_SEARCH) job.configuration->open_searches += by;
}

void Scheduler::State::SetState(JobEntry& job, v1::JobState state) {
  Dequeue(job);
  Count(job, -1);
  job.job.set_state(state);
  Count(job, +1);
  if (IsOpen(state)) {
    job.job.clear_end_time();
  } else {
    SetTime(now, *job.job.mutable_end_time());
    job.job.clear_not_before();
  }
  MarkDirty(job);
  touched[job.sweep->key] = job.sweep;
  if (state == v1::JOB_STATE_PENDING) Enqueue(job);
}

void Scheduler::State::End(JobEntry& job, v1::JobState state, absl::string_view why,
                           const LiveLease* by) {
  Log(job, v1::JOB_EVENT_KIND_ENDED, absl::StrCat("ended as ", StateWord(state), ": ", why), by);
  SetState(job, state);
}

void Scheduler::State::Reopen(JobEntry& job, absl::string_view why) {
  Log(job, v1::JOB_EVENT_KIND_RETRIED, why);
  job.job.clear_reason();
  SetState(job, v1::JOB_STATE_PENDING);
}

void Scheduler::State::Cancel(JobEntry& job, absl::string_view reason) {
  if (!IsOpen(job.job.state())) return;
  EndLeases(job, "cancelled");
  job.job.set_reason(ShortReason(reason));
  End(job, v1::JOB_STATE_CANCELLED, reason);
}

void Scheduler::State::Exclude(NetworkEntry& network, v1::NetworkState state,
                               absl::string_view reason) {
  network.network.set_state(state);
  network.network.set_included(false);
  network.network.set_excluded_reason(ShortReason(reason));
  MarkDirty(network);
  if (network.train != nullptr) Cancel(*network.train, reason);
  if (network.analyze != nullptr) Cancel(*network.analyze, reason);
}

void Scheduler::State::Settle() {
  for (auto& [key, sweep] : touched) {
    for (auto& task : sweep->tasks) {
      if (task->compare != nullptr) Enqueue(*task->compare);
    }
    const v1::SweepState state = sweep->sweep.state();
    if (state == v1::SWEEP_STATE_CANCELLED) continue;
    const bool ended = state == v1::SWEEP_STATE_SUCCEEDED || state == v1::SWEEP_STATE_FAILED;
    if (sweep->open > 0) {
      if (ended) SetSweepState(*sweep, v1::SWEEP_STATE_RUNNING);
      continue;
    }
    int64_t failures = 0;
    for (auto& task : sweep->tasks) {
      for (const auto& by_state : task->counts) {
        failures += by_state[v1::JOB_STATE_FAILED] + by_state[v1::JOB_STATE_QUARANTINED];
      }
    }
    const v1::SweepState outcome =
        failures > 0 ? v1::SWEEP_STATE_FAILED : v1::SWEEP_STATE_SUCCEEDED;
    if (state != outcome) SetSweepState(*sweep, outcome);
  }
  touched.clear();
}

void Scheduler::State::TakeWrites(Effects& effects) {
  const auto take = [&](auto& dirty, auto record_of) {
    for (auto* entry : dirty) {
      entry->dirty = false;
      effects.writes.push_back(record_of(*entry));
    }
    dirty.clear();
  };
  for (v1::DeletedSweep& deletion : deletions) effects.writes.push_back(std::move(deletion));
  deletions.clear();
  take(dirty_sweeps, [](const SweepEntry& entry) { return entry.sweep; });
  take(dirty_configurations, [](const ConfigurationEntry& entry) { return entry.configuration; });
  take(dirty_networks, [](const NetworkEntry& entry) { return entry.network; });
  take(dirty_jobs, [](const JobEntry& entry) {
    v1::Job job = entry.job;
    job.clear_progress();
    return job;
  });
  for (v1::Worker& worker : drain_changes) effects.writes.push_back(std::move(worker));
  drain_changes.clear();
  effects.events = std::move(events);
  events.clear();
}

void Scheduler::State::Log(JobEntry& job, v1::JobEventKind kind, absl::string_view text,
                           const LiveLease* lease) {
  const auto add = [&](v1::JobEventKind of) -> v1::JobEvent& {
    NewJobEvent& added = events.emplace_back();
    added.job = job.job.name();
    added.number = job.job.event_count();
    added.event.set_kind(of);
    job.job.set_event_count(added.number + 1);
    return added.event;
  };
  // Written with the first line that follows it, since most jobs of a new sweep wait for long.
  if (job.job.event_count() == 0) {
    v1::JobEvent& created = add(v1::JOB_EVENT_KIND_CREATED);
    *created.mutable_time() = job.job.create_time();
    created.set_text("created");
  }
  v1::JobEvent& event = add(kind);
  SetTime(now, *event.mutable_time());
  event.set_text(ShortReason(text));
  if (lease != nullptr) {
    event.set_attempt(lease->attempt);
    event.set_worker(lease->worker);
  }
  MarkDirty(job);
}

}  // namespace rnnfarm::scheduler
