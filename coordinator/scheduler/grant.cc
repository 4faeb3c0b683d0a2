// New leases: to whom, how many at once, and beside whom.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Makes room for one more among the attempts that are kept; those that run stay.
void ForgetOldAttempt(v1::Job& job) {
  auto& attempts = *job.mutable_attempts();
  if (attempts.size() < kKeptAttempts) return;
  const auto oldest = std::find_if(attempts.begin(), attempts.end(),
                                   [](const auto& attempt) { return !attempt.outcome().empty(); });
  if (oldest != attempts.end()) attempts.erase(oldest);
}

int64_t FirstIteration(const JobEntry& job) {
  const auto& checkpoints = job.job.checkpoints();
  return checkpoints.empty() ? job.shape->extent.first_iteration
                             : checkpoints[checkpoints.size() - 1].iteration();
}

std::string LeasedText(const JobEntry& job, const v1::Attempt& attempt) {
  std::string text = absl::StrCat("leased to ", attempt.worker());
  if (attempt.from_iteration() > 0) {
    absl::StrAppend(&text, ", from iteration ", attempt.from_iteration());
  }
  if (attempt.speculative()) {
    absl::StrAppend(&text, ", beside the slower attempt ", job.leases[0].attempt, " of ",
                    job.leases[0].worker);
  }
  return text;
}

}  // namespace

void Scheduler::State::GrantOne(JobEntry& job, WorkerEntry& worker, const Pack& pack,
                                bool speculative, v1::SyncResponse& response) {
  ForgetOldAttempt(job.job);
  job.job.set_attempt(job.job.attempt() + 1);
  v1::Attempt& attempt = *job.job.add_attempts();
  attempt.set_attempt(job.job.attempt());
  attempt.set_worker(worker.worker.name());
  attempt.set_build(worker.worker.build());
  attempt.set_speculative(speculative);
  attempt.set_from_iteration(FirstIteration(job));
  attempt.set_on_device(pack.on_device);
  attempt.set_pack_size(pack.size);
  SetTime(now, *attempt.mutable_start_time());
  LiveLease live;
  live.attempt = attempt.attempt();
  live.worker = attempt.worker();
  live.begin = now;
  live.charged = Queues::CostOf(*job.shape);
  Log(job, v1::JOB_EVENT_KIND_LEASED, LeasedText(job, attempt), &live);
  if (!speculative) SetState(job, v1::JOB_STATE_LEASED);
  job.job.clear_not_before();
  BeginLease(job, std::move(live));
  v1::Lease& lease = *response.add_leases();
  lease.set_job(job.job.name());
  lease.set_attempt(job.job.attempt());
  lease.set_pack(pack.number);
  lease.set_speculative(speculative);
  static const v1::Configuration kNone;
  *lease.mutable_spec() = population::MakeJobSpec(
      job.sweep->sweep.spec(),
      job.configuration == nullptr ? kNone : job.configuration->configuration,
      job.network == nullptr ? nullptr : &job.network->network, job.job);
}

void Scheduler::State::GrantFrom(Line& line, WorkerEntry& worker, int max_pack, Room& room,
                                 v1::SyncResponse& response) {
  const v1::JobKind kind = line.shape->kind;
  // What ran out of memory shares it with nobody.
  const int pack_size = GoesInPacks(kind) && !line.raised ? max_pack : 1;
  // No more than its share, so that the others have work of this shape too.
  const int64_t active = std::max(1, line.demand->workers[kind]);
  const int64_t share = (static_cast<int64_t>(line.ready.size()) + active - 1) / active;
  const int size = static_cast<int>(std::min<int64_t>(share, room.For(kind, pack_size)));
  SweepEntry& sweep = *line.shape->sweep;
  Pack pack;
  pack.on_device = room.CountsPacks(kind);
  for (int i = 0; i < size; ++i) {
    if (i % pack_size == 0) {
      pack.number = next_pack++;
      pack.size = std::min(pack_size, size - i);
    }
    GrantOne(*sweep.jobs.at(*line.ready.begin()), worker, pack, false, response);
  }
  room.Take(kind, size, pack_size);
  queues.Charge(sweep, size * Queues::CostOf(*line.shape));
}

JobEntry* Scheduler::State::FindStraggler(const Ability& ability, const std::string& worker,
                                          absl::Time at) const {
  const auto found = stragglers.Find(demands, ability, at, [&](const Line& line, uint64_t order) {
    return line.shape->sweep->jobs.at(order)->leases[0].worker != worker;
  });
  return found.line == nullptr ? nullptr : found.line->shape->sweep->jobs.at(found.order).get();
}

void Scheduler::State::Grant(WorkerEntry& worker, const v1::SyncRequest& request,
                             v1::SyncResponse& response) {
  if (worker.worker.state() != v1::WORKER_STATE_ACTIVE) return;
  const int max_pack = std::max(1, request.capability().max_pack());
  Room room(request);
  Ability able = worker.ability;
  const auto limit = [&] { able.kinds = worker.ability.kinds & room.kinds(); };
  limit();
  std::vector<Line*> served;
  while (Line* line = Queues::Next(demands, able)) {
    GrantFrom(*line, worker, max_pack, room, response);
    limit();
    queues.SetAside(*line);
    served.push_back(line);
  }
  for (Line* line : served) queues.PutBack(*line);
  while (able.kinds != 0 && !Queues::HasFor(demands, able)) {
    JobEntry* slow = FindStraggler(able, worker.worker.name(), now);
    if (slow == nullptr) return;
    GrantOne(*slow, worker, {next_pack++, 1, room.CountsPacks(slow->job.kind())}, true, response);
    queues.Charge(*slow->sweep, Queues::CostOf(*slow->shape));
    room.Take(slow->job.kind(), 1, 1);
    limit();
  }
}

}  // namespace rnnfarm::scheduler
