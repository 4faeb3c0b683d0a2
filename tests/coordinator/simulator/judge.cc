#include "tests/coordinator/simulator/judge.h"

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/deterministic_bytes.h"
#include "tests/coordinator/simulator/fate.h"

namespace rnnfarm::simulator {
namespace {

constexpr size_t kMostComplaints = 10;
constexpr int kMostLiveAttempts = 2;

bool IsCommitted(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_DIVERGED;
}
bool IsOpen(v1::JobState state) {
  return state == v1::JOB_STATE_PENDING || state == v1::JOB_STATE_LEASED ||
         state == v1::JOB_STATE_HELD;
}

const v1::Attempt* FindAttempt(const v1::Job& job, uint64_t number) {
  for (const v1::Attempt& attempt : job.attempts()) {
    if (attempt.attempt() == number) return &attempt;
  }
  return nullptr;
}

std::string Tell(const v1::Job& job) {
  return absl::StrCat(job.name(), ", ", v1::JobState_Name(job.state()), " at attempt ",
                      job.attempt());
}

std::vector<const v1::Network*> NetworksIn(const Records& records, const std::string& sweep) {
  std::vector<const v1::Network*> networks;
  for (auto at = records.networks.lower_bound(sweep + "/"); at != records.networks.end(); ++at) {
    if (at->first.compare(0, sweep.size() + 1, sweep + "/") != 0) break;
    networks.push_back(&at->second);
  }
  return networks;
}

std::string SweepOf(const std::string& job) { return job.substr(0, job.find("/jobs/")); }

// Of all sweeps of the name that were deleted.
uint64_t LastAttempt(const std::string& sweep, const Records& records) {
  const auto found = records.deleted_sweeps.find(sweep);
  return found == records.deleted_sweeps.end() ? 0 : found->second.last_attempt();
}

// What a job that is new was before.
v1::Job Unborn(const v1::Job& job, const Records& records) {
  v1::Job unborn;
  unborn.set_attempt(LastAttempt(SweepOf(job.name()), records));
  return unborn;
}

std::string BytesOf(const service::Ledger::Reply& reply) {
  return std::visit(
      [&](const auto& message) {
        if constexpr (std::is_same_v<std::decay_t<decltype(message)>, std::monostate>) {
          return std::string();
        } else {
          return base::DeterministicBytes(message);
        }
      },
      reply);
}

}  // namespace

void Judge::Complain(std::string what) {
  if (complaints_.size() < kMostComplaints) complaints_.push_back(std::move(what));
}

void Judge::Asked(const scheduler::Event& event, const std::string& key) {
  if (answers_.count(key) > 0) return;
  const auto* retry = std::get_if<scheduler::RetryJobs>(&event);
  retries_ = retries_ || retry != nullptr;
  reseeds_ = reseeds_ || (retry != nullptr && retry->reseed);
  submits_ = submits_ || std::holds_alternative<scheduler::Submit>(event);
}

void Judge::See(const store::Batch& batch, const Records& before) {
  for (const v1::DeletedSweep& deleted : batch.deleted_sweeps) SeeDeletion(deleted, before);
  CheckEvents(batch, before);
  for (const v1::Sweep& sweep : batch.sweeps) {
    const auto was = before.sweeps.find(sweep.name());
    if (was != before.sweeps.end() && was->second.state() == v1::SWEEP_STATE_CANCELLED &&
        sweep.state() != v1::SWEEP_STATE_CANCELLED) {
      Complain(sweep.name() + " was cancelled and comes back");
    }
  }
  for (const v1::Job& job : batch.jobs) {
    const auto was = before.jobs.find(job.name());
    SeeJob(was == before.jobs.end() ? Unborn(job, before) : was->second, job, before);
  }
}

// Only what has nothing left to do, and what stays tells of every attempt.
void Judge::SeeDeletion(const v1::DeletedSweep& deleted, const Records& before) {
  const std::string of = deleted.name() + "/";
  if (before.sweeps.count(deleted.name()) == 0) Complain(of + " is deleted and was not there");
  if (LastAttempt(deleted.name(), before) > deleted.last_attempt()) {
    Complain(of + " is deleted again, with fewer attempts than before");
  }
  for (auto at = before.jobs.lower_bound(of); at != before.jobs.end(); ++at) {
    if (!absl::StartsWith(at->first, of)) break;
    const v1::Job& job = at->second;
    if (IsOpen(job.state())) Complain(Tell(job) + " is deleted");
    if (job.attempt() > deleted.last_attempt()) {
      Complain(absl::StrCat(Tell(job), " is deleted as of attempt ", deleted.last_attempt()));
    }
    committed_.erase(job.name());
  }
  promises_.Deleted(deleted.name());
}

// The rows of a job's log have numbers without a gap, and its record tells how many there are.
void Judge::CheckEvents(const store::Batch& batch, const Records& before) {
  std::map<std::string, int64_t> rows;
  const auto count = [&](const std::string& job) -> int64_t& {
    const auto found = before.events.find(job);
    const auto stored = found == before.events.end() ? 0 : found->second.size();
    return rows.try_emplace(job, stored).first->second;
  };
  for (const store::JobEventRow& row : batch.events) {
    int64_t& next = count(row.job);
    if (row.number != next) {
      Complain(absl::StrCat("event ", row.number, " of ", row.job, " follows ", next, " events"));
    }
    ++next;
  }
  for (const v1::Job& job : batch.jobs) {
    if (job.event_count() == count(job.name())) continue;
    Complain(absl::StrCat(Tell(job), " tells of ", job.event_count(), " events and has ",
                          count(job.name())));
  }
}

void Judge::SeeJob(const v1::Job& before, const v1::Job& after, const Records& records) {
  if (after.has_progress()) Complain(Tell(after) + " is stored with its volatile progress");
  CheckAttempts(before, after);
  CheckTransition(before, after);
  if (IsCommitted(after.state()) && !IsCommitted(before.state())) {
    CheckCommitted(before, after, records);
  } else if (!IsCommitted(after.state())) {
    committed_.erase(after.name());
  } else if (base::DeterministicBytes(before) != base::DeterministicBytes(after)) {
    Complain(Tell(after) + " is written again after its result");
  }
}

void Judge::CheckAttempts(const v1::Job& before, const v1::Job& after) {
  if (after.attempt() < before.attempt() || after.attempt() > before.attempt() + 1) {
    Complain(absl::StrCat(Tell(after), " was at attempt ", before.attempt()));
  }
  int live = 0, speculative = 0;
  for (const v1::Attempt& attempt : after.attempts()) {
    live += attempt.outcome().empty() ? 1 : 0;
    speculative += attempt.outcome().empty() && attempt.speculative() ? 1 : 0;
  }
  const bool may_live = after.state() == v1::JOB_STATE_LEASED;
  if (may_live ? live < 1 || live > kMostLiveAttempts || live - speculative > 1 : live > 0) {
    Complain(absl::StrCat(Tell(after), " has ", live, " live attempts, ", speculative,
                          " of them speculative"));
  }
  if (after.attempt() == before.attempt()) return;
  const v1::Attempt* newest = FindAttempt(after, after.attempt());
  const std::string worker = newest == nullptr ? "" : newest->worker();
  const auto [given, is_new] = worker_of_.try_emplace({after.name(), after.attempt()}, worker);
  if (!is_new) {
    Complain(absl::StrCat(Tell(after), " was given to ", given->second, " and to ", worker));
  }
}

// What has ended stays as it is, but for a person's retry, of a training that diverged with another
// seed; comparisons are also done again when their task has more networks.
void Judge::CheckTransition(const v1::Job& before, const v1::Job& after) {
  if (before.name().empty() || IsOpen(before.state()) || before.state() == after.state()) return;
  const bool compares = after.kind() == v1::JOB_KIND_COMPARE;
  const bool wished = retries_ || (compares && submits_);
  const bool reseeded =
      reseeds_ && before.kind() == v1::JOB_KIND_TRAIN && before.state() == v1::JOB_STATE_DIVERGED;
  const bool final = IsCommitted(before.state()) && !compares && !reseeded;
  if (wished && !final) return;
  Complain(absl::StrCat(Tell(after), " had ended as ", v1::JobState_Name(before.state())));
}

void Judge::CheckCommitted(const v1::Job& before, const v1::Job& after, const Records& records) {
  if (!committed_.insert(after.name()).second) Complain(Tell(after) + " is committed twice");
  int winners = 0;
  for (const v1::Attempt& attempt : after.attempts()) {
    if (attempt.outcome() != "succeeded" && attempt.outcome() != "diverged") continue;
    const v1::Attempt* was = FindAttempt(before, attempt.attempt());
    if (was != nullptr && !was->outcome().empty()) continue;  // a comparison that was done before
    ++winners;
    if (was == nullptr || before.state() != v1::JOB_STATE_LEASED) {
      Complain(absl::StrCat(Tell(after), ": attempt ", attempt.attempt(), " held no lease"));
    }
    if (made_.count({after.name(), attempt.attempt(), attempt.worker()}) == 0) {
      Complain(absl::StrCat(Tell(after), " has a result of ", attempt.worker(),
                            " that it never made in attempt ", attempt.attempt()));
    }
  }
  if (winners != 1) Complain(absl::StrCat(Tell(after), " has ", winners, " committing attempts"));
  if (after.kind() == v1::JOB_KIND_COMPARE) CheckCompared(after, records);
}

// Of all networks of its task, and after all other jobs of it.
void Judge::CheckCompared(const v1::Job& compare, const Records& records) {
  const std::string sweep = SweepOf(compare.name());
  for (const auto& [name, job] : records.jobs) {
    if (SweepOf(name) == sweep && job.task() == compare.task() && IsOpen(job.state()) &&
        job.kind() != v1::JOB_KIND_COMPARE) {
      Complain(absl::StrCat(compare.name(), " ended before ", Tell(job)));
    }
  }
  const std::string expected = DistancesOf(compare.task(), NetworksIn(records, sweep));
  const auto found = compare.artifacts().find(kDistances);
  if (found == compare.artifacts().end() || found->second != expected) {
    Complain(compare.name() + " did not compare the networks that are included");
  }
}

void Judge::Answered(const scheduler::Event& event, const std::string& key,
                     const service::Ledger::Reply& reply, bool leaves, const Records& records) {
  bool first = true;
  if (!key.empty()) {
    const auto [answer, is_new] = answers_.try_emplace(key, BytesOf(reply));
    first = is_new;
    if (!is_new && answer->second != BytesOf(reply)) {
      Complain(key + " is answered otherwise when it is asked again");
    }
  }
  if (first && leaves) promises_.Answered(event, reply, records);
}

void Judge::CheckMemory(const scheduler::Scheduler& scheduler, const Records& records) {
  size_t jobs = 0;
  for (const std::string& sweep : scheduler.SweepNames()) {
    for (const v1::Job* known : scheduler.JobsOf(sweep)) {
      ++jobs;
      const auto written = records.jobs.find(known->name());
      v1::Job job = *known;
      job.clear_progress();
      if (written == records.jobs.end() ||
          base::DeterministicBytes(written->second) != base::DeterministicBytes(job)) {
        Complain(Tell(job) + " is not what is written of it");
      }
    }
  }
  if (jobs != records.jobs.size()) {
    Complain(absl::StrCat(records.jobs.size(), " jobs are written, ", jobs, " are known"));
  }
}

void Judge::CheckEnd(const Records& records) {
  for (const auto& [name, job] : records.jobs) {
    if (IsOpen(job.state())) Complain(Tell(job) + " never ended");
    if (job.kind() == v1::JOB_KIND_COMPARE && IsCommitted(job.state())) {
      CheckCompared(job, records);
    }
  }
  for (const auto& [name, network] : records.networks) {
    if (network.reseeds() == 0) continue;
    const std::string of = absl::StrCat("-reseed", network.reseeds(), "@");
    for (const auto& [role, digest] : network.artifacts()) {
      if (!absl::StrContains(digest, of)) {
        Complain(absl::StrCat(name, " has been given another seed ", network.reseeds(),
                              " times; its ", role, " is \"", digest, "\""));
      }
    }
  }
}

}  // namespace rnnfarm::simulator
