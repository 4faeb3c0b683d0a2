// What the scheduler shows of itself.
#include <algorithm>
#include <map>
#include <utility>

#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

constexpr v1::JobKind kStages[] = {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE,
                                   v1::JOB_KIND_COMPARE};
// A sweep is one message; ListConfigurations has them all.
constexpr int64_t kMostListedSearchFailures = 100;

v1::StageCount StageOf(const TaskEntry& task, v1::JobKind kind) {
  const auto& counts = task.counts[kind];
  v1::StageCount stage;
  stage.set_task(task.name);
  stage.set_kind(kind);
  stage.set_pending(counts[v1::JOB_STATE_PENDING] + counts[v1::JOB_STATE_HELD]);
  stage.set_held(counts[v1::JOB_STATE_HELD]);
  stage.set_leased(counts[v1::JOB_STATE_LEASED]);
  stage.set_succeeded(counts[v1::JOB_STATE_SUCCEEDED]);
  stage.set_failed(counts[v1::JOB_STATE_FAILED] + counts[v1::JOB_STATE_QUARANTINED]);
  stage.set_diverged(counts[v1::JOB_STATE_DIVERGED]);
  stage.set_cancelled(counts[v1::JOB_STATE_CANCELLED]);
  return stage;
}

// What the jobs that run now say of their speed, of which each says all, some or nothing.
class Speed {
 public:
  void Add(const v1::Progress& progress) {
    if (progress.has_operations_per_second()) {
      operations_ += progress.operations_per_second();
      ++tell_operations_;
    }
    if (progress.has_share_of_peak()) {
      share_ += progress.share_of_peak();
      ++tell_share_;
    }
  }
  // Into a sweep, a stage or a worker. What nobody tells stays absent.
  template <typename Message>
  void Fill(Message& message) const {
    if (tell_operations_ > 0) message.set_operations_per_second(operations_);
    if (tell_share_ > 0) message.set_share_of_peak(share_ / tell_share_);
  }

 private:
  double operations_ = 0, share_ = 0;
  int tell_operations_ = 0, tell_share_ = 0;
};

// What the jobs of one stage that run now say of themselves, added up.
struct Running {
  double share = 0;
  double iterations_per_second = 0;
  Speed speed;

  void Add(const v1::Progress& progress) {
    if (progress.iterations() > 0) {
      share += std::clamp(
          static_cast<double>(progress.iteration()) / static_cast<double>(progress.iterations()),
          0.0, 1.0);
    }
    iterations_per_second += progress.iterations_per_second();
    speed.Add(progress);
  }
  void Fill(v1::StageCount& stage) const {
    if (stage.leased() == 0) return;
    speed.Fill(stage);
    stage.set_running_share(share / static_cast<double>(stage.leased()));
    stage.set_iterations_per_second(iterations_per_second);
  }
};

void AddSearchFailures(const SweepEntry& sweep, v1::Sweep& out) {
  int64_t count = 0;
  for (const auto& entry : sweep.configurations) {
    const v1::Configuration& configuration = entry->configuration;
    if (configuration.failure_reason().empty() || ++count > kMostListedSearchFailures) continue;
    v1::SearchFailure& failure = *out.add_search_failures();
    failure.set_configuration(configuration.key());
    failure.set_reason(configuration.failure_reason());
    failure.set_networks(
        std::count_if(entry->networks.begin(), entry->networks.end(),
                      [](const NetworkEntry* network) { return !network->network.untrained(); }));
  }
  out.set_search_failure_count(count);
}

}  // namespace

v1::Sweep Scheduler::State::Describe(const SweepEntry& entry) const {
  v1::Sweep sweep = entry.sweep;
  sweep.set_network_count(static_cast<int64_t>(entry.networks.size()));
  for (const v1::ExcludedCells& cells : entry.excluded) *sweep.add_excluded() = cells;
  Speed speed;
  std::map<std::pair<int64_t, v1::JobKind>, Running> running;  // by task
  for (uint64_t order : entry.leased) {
    const JobEntry& job = *entry.jobs.at(order);
    speed.Add(job.job.progress());
    running[{job.task->position, job.job.kind()}].Add(job.job.progress());
  }
  speed.Fill(sweep);
  for (const auto& task : entry.tasks) {
    for (v1::JobKind kind : kStages) {
      v1::StageCount stage = StageOf(*task, kind);
      const auto& counts = task->counts[kind];
      if (std::all_of(counts.begin(), counts.end(), [](int64_t n) { return n == 0; })) continue;
      running[{task->position, kind}].Fill(stage);
      *sweep.add_stages() = std::move(stage);
    }
  }
  AddSearchFailures(entry, sweep);
  return sweep;
}

v1::Worker Scheduler::State::Describe(const WorkerEntry& entry) const {
  v1::Worker worker = entry.worker;
  Speed speed;
  for (const JobRef& ref : entry.leases) {
    worker.add_leases(ref.job->job.name());
    for (const LiveLease& lease : ref.job->leases) {
      if (lease.attempt == ref.attempt) speed.Add(lease.progress);
    }
  }
  speed.Fill(worker);
  return worker;
}

bool Scheduler::State::HasWorkFor(const v1::SyncRequest& request, absl::Time at) const {
  const uint32_t kinds = Room(request).kinds();
  if (kinds == 0 || request.draining()) return false;
  const auto worker = workers.find(request.worker());
  if (worker != workers.end()) {
    if (worker->second.drain_requested) return true;  // to be told
    if (worker->second.worker.state() == v1::WORKER_STATE_QUARANTINED) return false;
  }
  Ability ability = AbilityOf(request.capability());
  ability.kinds &= kinds;
  if (Queues::HasFor(demands, ability)) return true;
  // What the next event queues again.
  for (const auto& [due, ref] : delayed) {
    if (due > at) break;
    const JobEntry& job = *ref.job;
    if (job.sweep->share.open && ability.Can(job.job.kind()) && Meets(ability, NeedOf(job))) {
      return true;
    }
  }
  return FindStraggler(ability, request.worker(), at) != nullptr;
}

absl::Time Scheduler::NextTick() const {
  absl::Time next = absl::InfiniteFuture();
  for (const JobTimes* times : {&state_->deadlines, &state_->delayed}) {
    if (!times->empty()) next = std::min(next, times->begin()->first);
  }
  if (!state_->silences.empty()) next = std::min(next, state_->silences.begin()->first);
  return next;
}

std::vector<std::string> Scheduler::SweepNames() const {
  std::vector<std::string> names;
  for (const auto& [key, sweep] : state_->sweeps) names.push_back(sweep->sweep.name());
  return names;
}

absl::StatusOr<v1::Sweep> Scheduler::GetSweep(absl::string_view name) const {
  const SweepEntry* sweep = state_->FindSweep(name);
  if (sweep == nullptr) return NoSweep(name);
  return state_->Describe(*sweep);
}

const v1::SweepSpec* Scheduler::FindSpec(absl::string_view sweep) const {
  const SweepEntry* entry = state_->FindSweep(sweep);
  return entry == nullptr ? nullptr : &entry->sweep.spec();
}

bool Scheduler::IsLive(absl::string_view job, uint64_t attempt) const {
  JobEntry* entry = state_->FindJob(job);
  return entry != nullptr && state_->FindLease(*entry, attempt) != nullptr;
}

const v1::Job* Scheduler::FindJob(absl::string_view name) const {
  const JobEntry* job = state_->FindJob(name);
  return job == nullptr ? nullptr : &job->job;
}

const v1::Network* Scheduler::FindNetwork(absl::string_view name) const {
  constexpr absl::string_view kCollection = "/networks/";
  const size_t at = name.find(kCollection);
  if (at == absl::string_view::npos) return nullptr;
  const SweepEntry* sweep = state_->FindSweep(name.substr(0, at));
  if (sweep == nullptr) return nullptr;
  const auto found = sweep->network_by_key.find(std::string(name.substr(at + kCollection.size())));
  return found == sweep->network_by_key.end() ? nullptr : &found->second->network;
}

const v1::Configuration* Scheduler::FindConfiguration(absl::string_view sweep,
                                                      absl::string_view key) const {
  const SweepEntry* entry = state_->FindSweep(sweep);
  if (entry == nullptr) return nullptr;
  const auto found = entry->configuration_by_key.find(std::string(key));
  return found == entry->configuration_by_key.end() ? nullptr : &found->second->configuration;
}

std::vector<const v1::Job*> Scheduler::JobsOf(absl::string_view sweep) const {
  std::vector<const v1::Job*> jobs;
  const SweepEntry* entry = state_->FindSweep(sweep);
  if (entry == nullptr) return jobs;
  for (const auto& [order, job] : entry->jobs) jobs.push_back(&job->job);
  return jobs;
}

std::vector<const v1::Network*> Scheduler::NetworksOf(absl::string_view sweep) const {
  std::vector<const v1::Network*> networks;
  const SweepEntry* entry = state_->FindSweep(sweep);
  if (entry == nullptr) return networks;
  for (const auto& network : entry->networks) networks.push_back(&network->network);
  return networks;
}

std::vector<const v1::Configuration*> Scheduler::ConfigurationsOf(absl::string_view sweep) const {
  std::vector<const v1::Configuration*> configurations;
  const SweepEntry* entry = state_->FindSweep(sweep);
  if (entry == nullptr) return configurations;
  for (const auto& each : entry->configurations) configurations.push_back(&each->configuration);
  return configurations;
}

std::vector<v1::Worker> Scheduler::Workers() const {
  std::vector<v1::Worker> workers;
  for (const auto& [name, worker] : state_->workers) workers.push_back(state_->Describe(worker));
  return workers;
}

Totals Scheduler::CountAll() const {
  Totals totals;
  for (const auto& [key, sweep] : state_->sweeps) {
    ++totals.sweeps[sweep->sweep.state()];
    totals.networks += static_cast<int64_t>(sweep->networks.size());
    for (const auto& task : sweep->tasks) {
      for (int kind = 0; kind < kJobKinds; ++kind) {
        for (int state = 0; state < v1::JobState_ARRAYSIZE; ++state) {
          totals.jobs[kind][state] += task->counts[kind][state];
        }
      }
    }
  }
  for (const auto& [name, worker] : state_->workers) {
    ++totals.workers[worker.worker.state()];
    totals.leases += static_cast<int64_t>(worker.leases.size());
  }
  return totals;
}

}  // namespace rnnfarm::scheduler
