// What the scheduler knows, and the transitions that keep it consistent. Each group of member
// functions is implemented in the file that its comment names.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_STATE_H_
#define RNNFARM_COORDINATOR_SCHEDULER_STATE_H_

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "coordinator/population/population.h"
#include "coordinator/scheduler/scheduler.h"

namespace rnnfarm::scheduler {

inline constexpr int kJobKinds = v1::JobKind_ARRAYSIZE;
inline constexpr int kJobStates = v1::JobState_ARRAYSIZE;
inline constexpr int kKeptAttempts = 20;
inline constexpr int kKeptCheckpoints = 2;
inline constexpr size_t kLongestReason = 1000;  // bytes of a failure's text that are kept
inline constexpr int kMostReportedViolations = 20;
inline constexpr absl::Duration kForgetWorkerAfter = absl::Hours(24);

// A time and a name: ordered the same way in every run, unlike pointers.
using Appointment = std::pair<absl::Time, std::string>;
// Jobs by kind and state.
using Counts = std::array<std::array<int64_t, kJobStates>, kJobKinds>;

struct SweepEntry;
struct TaskEntry;
struct ConfigurationEntry;
struct NetworkEntry;

struct JobEntry {
  v1::Job job;
  SweepEntry* sweep = nullptr;
  TaskEntry* task = nullptr;
  ConfigurationEntry* configuration = nullptr;  // null: compare
  NetworkEntry* network = nullptr;              // null: search, compare
  uint64_t order = 0;                           // place in the sweep
  int64_t queue = 0;                            // which queue of its kind: the pack's shape
  bool queued = false;                          // can be leased
  bool delayed = false;                         // can be leased once its back-off is over
  bool dirty = false;
  // The lease, if the job is leased.
  std::string worker;
  absl::Time lease_end;
  absl::Time renewed;
  bool acknowledged = false;  // its worker has named it
};

// Otherwise it is there from the beginning: an untrained control, an import.
inline bool IsTrainedHere(const v1::Network& network) {
  return !network.untrained() && !network.imported();
}

struct NetworkEntry {
  v1::Network network;
  ConfigurationEntry* configuration = nullptr;
  uint64_t place = 0;         // among the networks of its configuration
  JobEntry* train = nullptr;  // null: not trained here
  JobEntry* analyze = nullptr;
  bool dirty = false;
};

struct ConfigurationEntry {
  v1::Configuration configuration;
  SweepEntry* sweep = nullptr;
  int64_t position = 0;
  int64_t shape = 0;  // position of the first configuration that can share a pack with it
  std::vector<NetworkEntry*> networks;
  std::vector<int> entered;  // search jobs by rung
  int64_t open_searches = 0;
  bool dirty = false;
};

struct TaskEntry {
  std::string name;
  int64_t position = 0;
  int64_t open = 0;  // jobs that have not ended, but for the comparison
  JobEntry* compare = nullptr;
  Counts counts{};
};

struct SweepEntry {
  v1::Sweep sweep;
  Appointment key;  // creation time and id
  std::vector<std::unique_ptr<TaskEntry>> tasks;
  std::vector<std::unique_ptr<ConfigurationEntry>> configurations;
  std::vector<std::unique_ptr<NetworkEntry>> networks;
  std::map<uint64_t, std::unique_ptr<JobEntry>> jobs;  // by order
  std::vector<std::unique_ptr<JobEntry>> unarranged;   // loaded, not yet in `jobs`
  absl::flat_hash_map<std::string, ConfigurationEntry*> configuration_by_key;
  absl::flat_hash_map<std::string, NetworkEntry*> network_by_key;
  std::vector<v1::ExcludedCells> excluded;
  int64_t open = 0;  // jobs that have not ended
  // Jobs that can be leased: kind, then queue, then order.
  std::array<std::map<int64_t, std::set<uint64_t>>, kJobKinds> ready;
  std::set<uint64_t> leased;
  bool dirty = false;
};

struct WorkerEntry {
  v1::Worker worker;  // without `leases`
  std::set<std::string> leases;
  std::set<std::string> failed;  // jobs it failed since its last success
  bool drain_requested = false;
  absl::Time silence;  // when it counts as lost; of a lost one, when it is forgotten
};

inline bool IsOpen(v1::JobState state) {
  return state == v1::JOB_STATE_PENDING || state == v1::JOB_STATE_LEASED ||
         state == v1::JOB_STATE_HELD;
}
inline bool IsFailure(v1::JobState state) {
  return state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_QUARANTINED;
}

void SetTime(absl::Time time, google::protobuf::Timestamp& out);
absl::Time GetTime(const google::protobuf::Timestamp& time);
// "flipflop" of "sweeps/flipflop"; a name without the collection is taken as it is.
absl::string_view LastSegment(absl::string_view name);
// A text cut to kLongestReason bytes, valid UTF-8.
std::string ShortReason(absl::string_view text);

struct Scheduler::State {
  explicit State(Options given) : options(std::move(given)) {}

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
  bool IsReady(const JobEntry& job) const;
  void Enqueue(JobEntry& job);
  void Dequeue(JobEntry& job);
  void ReleaseLease(JobEntry& job);
  void EndAttempt(JobEntry& job, absl::string_view outcome);
  void Cancel(JobEntry& job, absl::string_view reason);
  void Exclude(NetworkEntry& network, v1::NetworkState state, absl::string_view reason);
  void PromoteDelayed();
  // Queues comparisons whose task has ended, ends sweeps whose jobs have.
  void Settle();
  void TakeWrites(Effects& effects);

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
  void EnqueueAll(SweepEntry& sweep);
  void RestoreLease(JobEntry& job);

  // check_links.cc: note loaded records that do not fit together, of which the first is kept in
  // load_error.
  void CheckLinks(const SweepEntry& sweep);
  void CheckLinksOfJob(const SweepEntry& sweep, const v1::Job& job,
                       const std::set<std::string>& tasks);
  void CheckLinksOfNetwork(const SweepEntry& sweep, const v1::Network& network,
                           const std::set<std::string>& job_names);
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

  // lifecycle.cc: what a person asks of a sweep, a job or a worker
  void On(const CancelSweep& event, Effects& effects);
  void On(const PauseSweep& event, Effects& effects);
  void On(const ResumeSweep& event, Effects& effects);
  // Pause and resume: RUNNING or PAUSED to `to`; `rule` is what is told of any other state.
  void SwitchSweep(absl::string_view name, v1::SweepState to, absl::string_view rule,
                   Effects& effects);
  void On(const RetryJobs& event, Effects& effects);
  void On(const DrainWorker& event, Effects& effects);
  void Retry(JobEntry& job);
  void ReviveDependants(JobEntry& job);

  // leases.cc: workers, their leases and the passing of time
  void On(const Sync& event, Effects& effects);
  void On(const Tick& event, Effects& effects);
  WorkerEntry& Register(const v1::SyncRequest& request);
  void Renew(WorkerEntry& worker, const v1::SyncRequest& request, v1::SyncResponse& response);
  // `leaves`: the worker goes with nothing in hand.
  void TakeBackUnnamed(WorkerEntry& worker, const std::set<std::string>& named, bool leaves);
  void Grant(WorkerEntry& worker, const v1::SyncRequest& request, v1::SyncResponse& response);
  void GrantKind(SweepEntry& sweep, v1::JobKind kind, WorkerEntry& worker, int max_pack, int& free,
                 v1::SyncResponse& response);
  void GrantOne(JobEntry& job, WorkerEntry& worker, int64_t pack, v1::SyncResponse& response);
  void MarkSilentWorkers();
  int ActiveWorkers(v1::JobKind kind) const;

  // reports.cc: what workers say that their jobs came to
  v1::ReportOutcome Report(WorkerEntry& worker, const v1::JobReport& report);
  void Keep(JobEntry& job, const v1::Checkpoint& checkpoint);
  void Succeed(JobEntry& job, const v1::JobResult& result);
  void EndTraining(JobEntry& job, const v1::JobResult& result);
  void EndAnalysis(JobEntry& job, const v1::JobResult& result);
  void Fail(WorkerEntry& worker, JobEntry& job, const v1::JobError& error);
  void BlameMachine(JobEntry& job, absl::string_view outcome);
  void BlameWorker(WorkerEntry& worker, const JobEntry& job);
  void BackOff(JobEntry& job, int failures);
  // Ends the job as FAILED or QUARANTINED, and what depended on it.
  void GiveUp(JobEntry& job, v1::JobState state, absl::string_view reason);

  // search.cc: successive halving
  void EndSearch(JobEntry& job, const v1::JobResult& result);
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
  std::map<Appointment, SweepEntry*> running;
  // Looked up, never walked: their order is the hash's.
  absl::flat_hash_map<std::string, SweepEntry*> sweep_by_id;
  absl::flat_hash_map<std::string, JobEntry*> job_by_name;
  std::set<Appointment> lease_ends;  // of jobs
  std::set<Appointment> delayed;     // jobs that back off
  std::map<std::string, WorkerEntry> workers;
  std::set<Appointment> silences;  // when a worker counts as lost, or is forgotten
  int64_t next_pack = 1;
  absl::Status load_error;

  // Of the event that is being applied.
  absl::Time now;
  bool work_appeared = false;
  std::map<Appointment, SweepEntry*> touched;
  std::vector<SweepEntry*> dirty_sweeps;
  std::vector<ConfigurationEntry*> dirty_configurations;
  std::vector<NetworkEntry*> dirty_networks;
  std::vector<JobEntry*> dirty_jobs;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_STATE_H_
