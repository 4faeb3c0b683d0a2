// The pure core of the coordinator: state + event + time -> new state + effects.
//
//   Scheduler scheduler(options);
//   for (auto& record : stored) scheduler.Load(record);   // at start
//   scheduler.FinishLoading(now);
//   Effects effects = scheduler.Apply(event, now);
//   ... commit effects.writes in one synced batch, then answer the caller with effects.reply ...
//
// No clock, no thread, no I/O, no randomness of its own, no iteration in hash order: the same
// events give the same effects. Thread-compatible: the service serialises Apply and the readers.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_SCHEDULER_H_
#define RNNFARM_COORDINATOR_SCHEDULER_SCHEDULER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rnnfarm/v1/farm_service.pb.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::scheduler {

struct Options {
  absl::Duration lease_term = absl::Seconds(60);
  absl::Duration busy_sync = absl::Seconds(2);   // next_sync of a worker with leases
  absl::Duration idle_sync = absl::Seconds(10);  // long-poll of an idle one
  int max_lost_leases = 5;
  int max_failures_in_a_row = 5;  // distinct jobs, then the worker is quarantined
  absl::Duration first_backoff = absl::Seconds(1);
  absl::Duration longest_backoff = absl::Minutes(5);
  int64_t max_networks = 1'000'000;
  int64_t max_open_jobs = 10'000'000;  // of all sweeps together; a submission beyond is refused
  // A lease is slow after this many times what jobs of its shape took, and no earlier than
  // `speculate_after`; a worker with nothing else to do then tries the job too. InfiniteDuration:
  // never.
  double speculate_factor = 2;
  absl::Duration speculate_after = absl::Minutes(10);
  // A lease whose progress counter stands still for so long is taken back.
  absl::Duration stall_limit = absl::Minutes(30);
  uint64_t jitter_seed = 0;  // of the back-off's jitter: hashed with job and attempt
};

// Events. Requests arrive validated by the edge: names parsed, the specification resolved, reported
// artifacts present in the store and checked (a bad one was turned into a JobError by the edge).
struct Submit {
  v1::SubmitSweepRequest request;
};  // spec as written; resolved inside
struct CancelSweep {
  std::string sweep;
};
struct PauseSweep {
  std::string sweep;
};
struct ResumeSweep {
  std::string sweep;
};
// Of a sweep that has nothing left to do.
struct DeleteSweep {
  std::string sweep;
};
struct RetryJobs {
  std::vector<std::string> jobs;
  bool validate_only = false;
  bool reseed = false;  // of their trainings; those that diverged can be retried then
};
struct DrainWorker {
  std::string worker;
};
struct Sync {
  v1::SyncRequest request;
  // Renews the leases of `held` and does nothing else: the reports follow once they were checked.
  bool only_renews = false;
};
// Time passed: expired leases are taken back, workers that went silent are marked lost.
struct Tick {};
using Event = std::variant<Submit, CancelSweep, PauseSweep, ResumeSweep, DeleteSweep, RetryJobs,
                           DrainWorker, Sync, Tick>;

// One record to be written or deleted. Jobs and sweeps are written without their derived and
// volatile fields. A worker is written while a person's request that it drain stands (DRAINING),
// and once more, to be deleted, when it does no longer (any other state). With a deleted sweep,
// which comes before all others, everything that belongs to it is deleted.
using Record =
    std::variant<v1::Sweep, v1::Configuration, v1::Network, v1::Job, v1::Worker, v1::DeletedSweep>;

// One line more in the log of a job; lines of a job are numbered from 0 without a gap.
struct NewJobEvent {
  std::string job;
  int64_t number = 0;
  v1::JobEvent event;
};

struct Effects {
  std::vector<Record> writes;
  std::vector<NewJobEvent> events;
  // The answer to the caller: an error, or the response of the event's kind.
  absl::Status status;
  std::variant<std::monostate, v1::SubmitSweepResponse, v1::Sweep, v1::RetryJobsResponse,
               v1::Worker, v1::SyncResponse>
      reply;
  // Work became available that an idle worker could take.
  bool wake_idle = false;
};

// Whether RetryJobs takes the job.
bool CanBeRetried(const v1::Job& job, bool reseed);

// How much there is of everything, by the numbers of kinds and states.
struct Totals {
  std::array<std::array<int64_t, v1::JobState_ARRAYSIZE>, v1::JobKind_ARRAYSIZE> jobs{};
  std::array<int64_t, v1::SweepState_ARRAYSIZE> sweeps{};
  std::array<int64_t, v1::WorkerState_ARRAYSIZE> workers{};
  int64_t leases = 0;
  int64_t networks = 0;
};

class Scheduler {
 public:
  explicit Scheduler(Options options);
  ~Scheduler();

  // Restores the records of the store, sweeps first, then configurations, networks, jobs,
  // workers and deleted sweeps.
  void Load(Record record);
  // Rebuilds queues; every leased job gets a full new term from `now`. DATA_LOSS naming a record
  // that belongs to another of which there is none; the scheduler is not to be used then.
  absl::Status FinishLoading(absl::Time now);

  Effects Apply(const Event& event, absl::Time now);
  // Whether Sync has something to tell the worker now, a lease or that it is to drain (the edge's
  // long-poll asks before it answers a parked call).
  bool HasWorkFor(const v1::SyncRequest& request, absl::Time now) const;
  // When Tick has something to do next.
  absl::Time NextTick() const;

  // Readers. Pointers live until the next Apply.
  std::vector<std::string> SweepNames() const;  // in order of creation
  // With derived fields (stages, counts).
  absl::StatusOr<v1::Sweep> GetSweep(absl::string_view name) const;
  // Its specification alone, which costs nothing to find; null if there is no such sweep.
  const v1::SweepSpec* FindSpec(absl::string_view sweep) const;
  const v1::Job* FindJob(absl::string_view name) const;  // stored fields and progress
  // Whether the attempt runs: of a job that is leased twice, both do.
  bool IsLive(absl::string_view job, uint64_t attempt) const;
  const v1::Network* FindNetwork(absl::string_view name) const;
  const v1::Configuration* FindConfiguration(absl::string_view sweep, absl::string_view key) const;
  // In order of creation.
  std::vector<const v1::Job*> JobsOf(absl::string_view sweep) const;
  std::vector<const v1::Network*> NetworksOf(absl::string_view sweep) const;
  std::vector<const v1::Configuration*> ConfigurationsOf(absl::string_view sweep) const;
  std::vector<v1::Worker> Workers() const;  // by name
  // Walks sweeps, their tasks and workers, but no job and no network.
  Totals CountAll() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_SCHEDULER_H_
