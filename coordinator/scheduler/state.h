// What the scheduler knows, and the transitions that keep it consistent. Each group of member
// functions is implemented in the file that its comment names.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_STATE_H_
#define RNNFARM_COORDINATOR_SCHEDULER_STATE_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "coordinator/population/population.h"
#include "coordinator/scheduler/entries.h"
#include "coordinator/scheduler/room.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/stragglers.h"

namespace rnnfarm::scheduler {

inline constexpr int kKeptAttempts = 20;
inline constexpr int kKeptCheckpoints = 2;
inline constexpr int kMostSpeculations = 2;     // of the attempts that are kept
inline constexpr size_t kLongestReason = 1000;  // bytes of a failure's text that are kept
inline constexpr int kMostReportedViolations = 20;
inline constexpr absl::Duration kForgetWorkerAfter = absl::Hours(24);

// "flipflop" of "sweeps/flipflop"; a name without the collection is taken as it is.
absl::string_view LastSegment(absl::string_view name);
absl::Status NoSweep(absl::string_view name);
// The attempt whose result counts; null while there is none.
const v1::Attempt* WinnerOf(const v1::Job& job);
// A text cut to kLongestReason bytes, valid UTF-8.
std::string ShortReason(absl::string_view text);

struct Scheduler::State {
  explicit State(Options given)
      : options(std::move(given)), stragglers(options.speculate_factor, options.speculate_after) {}

  // state.cc: indices and transitions
  SweepEntry* FindSweep(absl::string_view name) const;
  JobEntry* FindJob(absl::string_view name) const;
  void MarkDirty(SweepEntry& entry);
  void MarkDirty(ConfigurationEntry& entry);
  void MarkDirty(NetworkEntry& entry);
  void MarkDirty(JobEntry& entry);
  void SetSweepState(SweepEntry& sweep, v1::SweepState state);
  void SetState(JobEntry& job, v1::JobState state);
  void Count(JobEntry& job, int64_t by);
  // Of a job without live attempts, and says so in its log.
  void End(JobEntry& job, v1::JobState state, absl::string_view why, const LiveLease* by = nullptr);
  // Back to PENDING, and says so in its log.
  void Reopen(JobEntry& job, absl::string_view why);
  void Cancel(JobEntry& job, absl::string_view reason);
  void Exclude(NetworkEntry& network, v1::NetworkState state, absl::string_view reason);
  // Queues comparisons whose task has ended, ends sweeps whose jobs have.
  void Settle();
  void TakeWrites(Effects& effects);
  // One line more in the job's log.
  void Log(JobEntry& job, v1::JobEventKind kind, absl::string_view text,
           const LiveLease* lease = nullptr);

  // enqueue.cc: which jobs can be leased, and by whom
  bool IsReady(const JobEntry& job) const;
  void Enqueue(JobEntry& job);
  void Dequeue(JobEntry& job);
  void PromoteDelayed();
  // Watches a job that is leased once for being slow.
  void Watch(JobEntry& job);
  void Unwatch(JobEntry& job);
  Need NeedOf(const JobEntry& job) const;
  Line& LineOf(JobEntry& job);
  Demand& DemandOf(const Need& need);
  // Takes every job of the sweep out of its line, and the sweep's scheduling from its
  // specification. EnqueueAll puts them back.
  void AdoptScheduling(SweepEntry& sweep);
  void EnqueueAll(SweepEntry& sweep);
  void Rank(SweepEntry& sweep);
  // Learns from a job that succeeded what its like cost.
  void Measure(JobEntry& job);

  // arrange.cc: what follows from a sweep's records
  void AddSweep(v1::Sweep sweep);
  void AddConfiguration(SweepEntry& sweep, v1::Configuration configuration);
  void AddNetwork(SweepEntry& sweep, v1::Network network);
  void AddLoadedJob(SweepEntry& sweep, v1::Job job);
  void Arrange(SweepEntry& sweep, const population::Population& population);
  void ArrangeTasks(SweepEntry& sweep);
  void ArrangeNetworks(SweepEntry& sweep, const population::Population& population);
  void ArrangeJobs(SweepEntry& sweep);
  void LinkJob(std::unique_ptr<JobEntry> job);
  Shape& ShapeOf(const JobEntry& job, int64_t queue);

  // check_links.cc: note loaded records that do not fit together, of which the first is kept in
  // load_error.
  void CheckLinks(const SweepEntry& sweep);
  void CheckLinksOfJob(const SweepEntry& sweep, const v1::Job& job,
                       const std::set<std::string>& tasks);
  void CheckLinksOfNetwork(const SweepEntry& sweep, const v1::Network& network);
  void NoteOrphan(absl::string_view owned, absl::string_view owner);
  void NoteContradiction(absl::string_view record);

  // submit.cc: new and extended sweeps
  void On(const Submit& event, Effects& effects);
  void Create(const v1::SweepSpec& resolved, const std::string& digest,
              const population::Population& population);
  void Extend(SweepEntry& sweep, const v1::SweepSpec& resolved, const std::string& digest,
              const population::Population& population);
  void Populate(SweepEntry& sweep, const population::Population& population);
  void AddJobsOf(NetworkEntry& network);
  JobEntry& AddJob(SweepEntry& sweep, v1::Job job);
  void AddSearchJob(ConfigurationEntry& configuration, int draw, int rung);
  void ReopenComparison(TaskEntry& task);
  // Who works on the sweep and when, of the same specification given again.
  void Reschedule(SweepEntry& sweep, const v1::Scheduling& scheduling);
  // Why there is no room for what the submission adds, or OK.
  absl::Status CheckRoom(const SweepEntry* existing, const v1::SweepSpec& resolved,
                         const population::Population& population) const;

  // preview.cc: what would come of a submission, and what that costs by what ended here
  v1::SweepPreview Preview(const SweepEntry* existing, const v1::SweepSpec& resolved,
                           const population::Population& population) const;

  // lifecycle.cc: what a person asks of a sweep, a job or a worker
  void On(const CancelSweep& event, Effects& effects);
  void On(const PauseSweep& event, Effects& effects);
  void On(const ResumeSweep& event, Effects& effects);
  // Pause and resume: RUNNING or PAUSED to `to`; `rule` is what is told of any other state.
  void SwitchSweep(absl::string_view name, v1::SweepState to, absl::string_view rule,
                   Effects& effects);
  void On(const RetryJobs& event, Effects& effects);
  void On(const DrainWorker& event, Effects& effects);
  void Retry(JobEntry& job, bool reseed);
  void Reseed(JobEntry& job);
  void ReviveDependants(JobEntry& job);

  // deletion.cc: sweeps that are deleted
  void On(const DeleteSweep& event, Effects& effects);
  void Forget(SweepEntry& sweep);
  // Behind which the attempts of the sweep's jobs begin: those of a deleted one of its name may
  // still be reported.
  uint64_t LastAttemptBefore(const SweepEntry& sweep) const;

  // workers.cc: workers and what they say of themselves
  void On(const Sync& event, Effects& effects);
  // A person's request that the worker drain begins or ends to stand; it survives a restart.
  void RequestDrain(WorkerEntry& worker, bool requested);
  void AddDrainingWorker(v1::Worker record);
  void AwaitDrainingWorkers();
  WorkerEntry& Register(const v1::SyncRequest& request);
  void SetWorkerState(WorkerEntry& worker, v1::WorkerState state);
  void CountWorker(const Ability& ability, int by);
  // Takes the worker for a sound one, whatever it failed before.
  void Trust(WorkerEntry& worker);
  // Gives quarantined workers work again that nobody else can do.
  void TrustTheLast();
  void MarkSilentWorkers();

  // leases.cc: live attempts and the passing of time
  void On(const Tick& event, Effects& effects);
  LiveLease* FindLease(JobEntry& job, uint64_t attempt);
  void BeginLease(JobEntry& job, LiveLease lease);
  // Ends one live attempt; another one of the job goes on.
  void EndLease(JobEntry& job, uint64_t attempt, absl::string_view outcome);
  void EndLeases(JobEntry& job, absl::string_view outcome);
  void SetDeadline(JobEntry& job, LiveLease& lease);
  void RestoreLeases(JobEntry& job);
  void Renew(WorkerEntry& worker, const v1::SyncRequest& request, v1::SyncResponse& response);
  void NoteProgress(JobEntry& job, LiveLease& lease, const v1::Progress& progress);
  // `leaves`: the worker goes with nothing in hand.
  void TakeBackUnnamed(WorkerEntry& worker, const v1::SyncRequest& request, bool leaves);

  // grant.cc: new leases
  void Grant(WorkerEntry& worker, const v1::SyncRequest& request, v1::SyncResponse& response);
  void GrantFrom(Line& line, WorkerEntry& worker, int max_pack, Room& room,
                 v1::SyncResponse& response);
  struct Pack {
    int64_t number = 0;
    int size = 1;
    bool on_device = false;
  };
  void GrantOne(JobEntry& job, WorkerEntry& worker, const Pack& pack, bool speculative,
                v1::SyncResponse& response);
  // A job that the worker may try beside a slower one; null if there is none.
  JobEntry* FindStraggler(const Ability& ability, const std::string& worker, absl::Time at) const;

  // reports.cc: what workers say that their jobs came to
  v1::ReportOutcome Report(WorkerEntry& worker, const v1::JobReport& report);
  void Keep(JobEntry& job, const LiveLease& lease, const v1::Checkpoint& checkpoint);
  void Return(JobEntry& job, const LiveLease& lease, absl::string_view why);
  void Succeed(JobEntry& job, uint64_t attempt, const v1::JobResult& result);
  // Ends the job by the result of one attempt; another one comes too late.
  void Conclude(JobEntry& job, uint64_t attempt, bool diverged);
  void EndTraining(JobEntry& job, uint64_t attempt, const v1::JobResult& result);
  void EndAnalysis(JobEntry& job, uint64_t attempt, const v1::JobResult& result);

  // failures.cc: what goes wrong, and whose fault it is
  void Fail(WorkerEntry& worker, JobEntry& job, const LiveLease& lease, const v1::JobError& error);
  // Not the job's fault: its lease was lost, or the machine failed.
  void BlameMachine(JobEntry& job, const LiveLease& lease, absl::string_view outcome);
  void RunOutOfMemory(WorkerEntry& worker, JobEntry& job, const LiveLease& lease,
                      const v1::JobError& error);
  // For a person, who gives it a larger worker.
  void Hold(JobEntry& job, absl::string_view why);
  void BlameWorker(WorkerEntry& worker, JobEntry& job);
  void BackOff(JobEntry& job, uint64_t attempt, int failures);
  // If nobody works on the job any more, queues it again, or gives it up if a budget is spent.
  void TryAgain(JobEntry& job);
  // Ends the job as FAILED or QUARANTINED, and what depended on it.
  void GiveUp(JobEntry& job, v1::JobState state, absl::string_view reason);

  // search.cc: successive halving
  void EndSearch(JobEntry& job, uint64_t attempt, const v1::JobResult& result);
  void AdvanceSearch(ConfigurationEntry& configuration);
  void Choose(ConfigurationEntry& configuration, const v1::SearchTrial& trial);
  // Excludes its networks, for want of hyperparameters.
  void FailConfiguration(ConfigurationEntry& configuration, absl::string_view why);
  void ReviveConfiguration(ConfigurationEntry& configuration);

  // readers.cc
  v1::Sweep Describe(const SweepEntry& sweep) const;
  v1::Worker Describe(const WorkerEntry& worker) const;
  bool HasWorkFor(const v1::SyncRequest& request, absl::Time at) const;

  Options options;
  std::map<Appointment, std::unique_ptr<SweepEntry>> sweeps;  // in order of creation
  // Looked up, never walked: their order is the hash's.
  absl::flat_hash_map<std::string, SweepEntry*> sweep_by_id;
  absl::flat_hash_map<std::string, JobEntry*> job_by_name;
  std::map<std::string, v1::DeletedSweep> deleted;  // by name; another one of it may be there
  int64_t open_jobs = 0;                            // of all sweeps
  Demands demands;
  Queues queues;
  Stragglers stragglers;
  JobTimes deadlines;  // of live attempts
  JobTimes delayed;    // jobs that back off
  std::map<std::string, WorkerEntry> workers;
  std::set<std::string> quarantined;  // of them
  // Of active workers, by what they can do: how many have so much memory.
  std::array<std::map<int64_t, int>, kJobKinds> memories;
  std::set<Appointment> silences;  // when a worker counts as lost, or is forgotten
  int64_t next_pack = 1;
  absl::Status load_error;

  // Of the event that is being applied.
  absl::Time now;
  bool work_appeared = false;
  bool workers_left = false;  // or can take no more work
  std::map<Appointment, SweepEntry*> touched;
  std::vector<SweepEntry*> dirty_sweeps;
  std::vector<ConfigurationEntry*> dirty_configurations;
  std::vector<NetworkEntry*> dirty_networks;
  std::vector<JobEntry*> dirty_jobs;
  std::vector<v1::Worker> drain_changes;  // their records
  std::vector<v1::DeletedSweep> deletions;
  std::vector<NewJobEvent> events;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_STATE_H_
