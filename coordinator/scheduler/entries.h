// The records that the scheduler knows, each with what it derives from them.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_ENTRIES_H_
#define RNNFARM_COORDINATOR_SCHEDULER_ENTRIES_H_

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/queues.h"
#include "coordinator/scheduler/times.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::scheduler {

// A time and a name: ordered the same way in every run, unlike pointers.
using Appointment = std::pair<absl::Time, std::string>;
// Jobs by kind and state.
using Counts = std::array<std::array<int64_t, v1::JobState_ARRAYSIZE>, kJobKinds>;

struct TaskEntry;
struct ConfigurationEntry;
struct NetworkEntry;

// One live attempt: whoever has it may report.
struct LiveLease {
  uint64_t attempt = 0;
  std::string worker;
  absl::Time begin;
  absl::Time renewed;
  absl::Time end;             // of its term
  bool acknowledged = false;  // its worker has named it
  // When its counter last moved; infinite while it cannot be judged by that.
  absl::Time moved = absl::InfiniteFuture();
  v1::Progress progress;
  absl::Time deadline;  // when it is taken back, the earlier one of two
  double charged = 0;   // seconds that its sweep was charged for it
};

struct JobEntry {
  v1::Job job;
  SweepEntry* sweep = nullptr;
  TaskEntry* task = nullptr;
  ConfigurationEntry* configuration = nullptr;  // null: compare
  NetworkEntry* network = nullptr;              // null: search, compare
  Shape* shape = nullptr;
  uint64_t order = 0;       // place in the sweep
  Line* queued = nullptr;   // where it can be leased
  Line* watched = nullptr;  // where it may turn out a straggler
  bool delayed = false;     // can be leased once its back-off is over
  bool dirty = false;
  std::vector<LiveLease> leases;  // none unless LEASED; two at most, the older one first
};

// A job, or an attempt of it, in orders that are the same in every run.
struct JobRef {
  JobEntry* job = nullptr;
  uint64_t attempt = 0;
  friend bool operator<(const JobRef& a, const JobRef& b) {
    const int names = a.job == b.job ? 0 : a.job->job.name().compare(b.job->job.name());
    return names != 0 ? names < 0 : a.attempt < b.attempt;
  }
};
using JobTimes = std::set<std::pair<absl::Time, JobRef>>;

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
  Need need;        // of its jobs, but for the comparison
  Share share;
  std::vector<std::unique_ptr<TaskEntry>> tasks;
  std::vector<std::unique_ptr<ConfigurationEntry>> configurations;
  std::vector<std::unique_ptr<NetworkEntry>> networks;
  std::map<uint64_t, std::unique_ptr<JobEntry>> jobs;  // by order
  std::vector<std::unique_ptr<JobEntry>> unarranged;   // loaded, not yet in `jobs`
  absl::flat_hash_map<std::string, ConfigurationEntry*> configuration_by_key;
  absl::flat_hash_map<std::string, NetworkEntry*> network_by_key;
  std::vector<v1::ExcludedCells> excluded;
  int64_t open = 0;                                        // jobs that have not ended
  std::array<std::map<int64_t, Shape>, kJobKinds> shapes;  // by Shape::queue
  Shelves shelves;
  std::array<Measured, kJobKinds> measured;
  std::set<uint64_t> leased;
  bool dirty = false;
};

struct WorkerEntry {
  v1::Worker worker;  // without `leases`
  Ability ability;
  bool counted = false;  // among those that can take work
  std::set<JobRef> leases;
  std::set<std::string> failed;  // jobs it failed since its last success
  bool drain_requested = false;  // by a person
  bool left = false;             // drained, and said so: the next one of its name is another
  absl::Time silence;            // when it counts as lost; of a lost one, when it is forgotten
};

inline bool IsOpen(v1::JobState state) {
  return state == v1::JOB_STATE_PENDING || state == v1::JOB_STATE_LEASED ||
         state == v1::JOB_STATE_HELD;
}
inline bool IsFailure(v1::JobState state) {
  return state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_QUARANTINED;
}

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_ENTRIES_H_
