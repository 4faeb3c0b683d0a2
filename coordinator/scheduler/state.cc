#include "coordinator/scheduler/state.h"

#include "absl/strings/str_cat.h"
#include "base/utf8.h"

namespace rnnfarm::scheduler {

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t nanoseconds = absl::ToUnixNanos(time);
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t seconds = nanoseconds / kSecond - (nanoseconds % kSecond < 0 ? 1 : 0);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(nanoseconds - seconds * kSecond));
}

absl::Time GetTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::string_view LastSegment(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == absl::string_view::npos ? name : name.substr(slash + 1);
}

std::string ShortReason(absl::string_view text) {
  // It may quote a worker's file, and what is not UTF-8 could never be read from the store again.
  const std::string whole = base::AsUtf8(text);
  if (whole.size() <= kLongestReason) return whole;
  return absl::StrCat(base::CutUtf8(whole, kLongestReason), "…");
}

SweepEntry* Scheduler::State::FindSweep(absl::string_view name) const {
  const auto found = sweep_by_id.find(std::string(LastSegment(name)));
  return found == sweep_by_id.end() ? nullptr : found->second;
}

JobEntry* Scheduler::State::FindJob(absl::string_view name) const {
  const auto found = job_by_name.find(std::string(name));
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
    running[sweep.key] = &sweep;
    work_appeared = true;
  } else {
    running.erase(sweep.key);
  }
  MarkDirty(sweep);
}

void Scheduler::State::Count(JobEntry& job, int64_t by) {
  const v1::JobState state = job.job.state();
  const v1::JobKind kind = job.job.kind();
  job.task->counts[kind][state] += by;
  if (!IsOpen(state)) return;
  job.sweep->open += by;
  if (kind != v1::JOB_KIND_COMPARE) job.task->open += by;
  if (kind == v1::JOB_KIND_SEARCH) job.configuration->open_searches += by;
}

void Scheduler::State::SetState(JobEntry& job, v1::JobState state) {
  Dequeue(job);
  if (job.job.state() == v1::JOB_STATE_LEASED) ReleaseLease(job);
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

bool Scheduler::State::IsReady(const JobEntry& job) const {
  switch (job.job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return true;
    case v1::JOB_KIND_TRAIN:
      return job.configuration->configuration.chosen();
    case v1::JOB_KIND_ANALYZE:
      return job.network->network.state() == v1::NETWORK_STATE_TRAINED;
    case v1::JOB_KIND_COMPARE:
      return job.task->open == 0;
    default:
      return false;
  }
}

void Scheduler::State::Enqueue(JobEntry& job) {
  if (job.queued || job.delayed || job.job.state() != v1::JOB_STATE_PENDING || !IsReady(job)) {
    return;
  }
  if (job.job.has_not_before() && GetTime(job.job.not_before()) > now) {
    delayed.insert({GetTime(job.job.not_before()), job.job.name()});
    job.delayed = true;
    return;
  }
  job.sweep->ready[job.job.kind()][job.queue].insert(job.order);
  job.queued = true;
  work_appeared = true;
}

void Scheduler::State::Dequeue(JobEntry& job) {
  if (std::exchange(job.delayed, false)) {
    delayed.erase({GetTime(job.job.not_before()), job.job.name()});
  }
  if (!std::exchange(job.queued, false)) return;
  auto& queues = job.sweep->ready[job.job.kind()];
  const auto queue = queues.find(job.queue);
  queue->second.erase(job.order);
  if (queue->second.empty()) queues.erase(queue);
}

void Scheduler::State::ReleaseLease(JobEntry& job) {
  lease_ends.erase({job.lease_end, job.job.name()});
  job.sweep->leased.erase(job.order);
  const auto worker = workers.find(job.worker);
  if (worker != workers.end()) worker->second.leases.erase(job.job.name());
  job.worker.clear();
  job.job.clear_progress();
}

void Scheduler::State::EndAttempt(JobEntry& job, absl::string_view outcome) {
  if (job.job.attempts().empty()) return;
  v1::Attempt& attempt = *job.job.mutable_attempts(job.job.attempts_size() - 1);
  if (!attempt.outcome().empty()) return;
  attempt.set_outcome(ShortReason(outcome));
  SetTime(now, *attempt.mutable_end_time());
}

void Scheduler::State::Cancel(JobEntry& job, absl::string_view reason) {
  if (!IsOpen(job.job.state())) return;
  EndAttempt(job, "cancelled");
  job.job.set_reason(ShortReason(reason));
  SetState(job, v1::JOB_STATE_CANCELLED);
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

void Scheduler::State::PromoteDelayed() {
  while (!delayed.empty() && delayed.begin()->first <= now) {
    JobEntry& job = *FindJob(delayed.begin()->second);
    Dequeue(job);
    Enqueue(job);
  }
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
  take(dirty_sweeps, [](const SweepEntry& entry) { return entry.sweep; });
  take(dirty_configurations, [](const ConfigurationEntry& entry) { return entry.configuration; });
  take(dirty_networks, [](const NetworkEntry& entry) { return entry.network; });
  take(dirty_jobs, [](const JobEntry& entry) {
    v1::Job job = entry.job;
    job.clear_progress();
    return job;
  });
}

}  // namespace rnnfarm::scheduler
