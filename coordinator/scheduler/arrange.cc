// From a sweep's records to what the scheduler derives from them: order, links, counts, queues.
// Used after a submission, an extension and a restart alike, so that all three agree.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Place of a job in its sweep: searches, training, analyses, comparisons; within them the
// population's order. The widths hold the limits of a validated sweep.
constexpr int kKindShift = 60;
constexpr int kPositionShift = 24;
constexpr int kRungShift = 16;

// Rungs get queues of their own: a pack trains up to one iteration.
constexpr int64_t kMostRungs = 64;

uint64_t OrderOf(v1::JobKind kind, int64_t position, int rung, int draw) {
  return (static_cast<uint64_t>(kind) << kKindShift) |
         (static_cast<uint64_t>(position) << kPositionShift) |
         (static_cast<uint64_t>(rung) << kRungShift) | static_cast<uint64_t>(draw);
}

std::string ShapeKey(const v1::Configuration& configuration) {
  const std::map<std::string, double> axes(configuration.axes().begin(),
                                           configuration.axes().end());
  return absl::StrCat(configuration.task(), "/", configuration.architecture(), "/",
                      configuration.activation(), "/", configuration.units(), "/",
                      absl::StrJoin(axes, "/", absl::PairFormatter("=")));
}

template <typename Records, typename Entry, typename KeyOf>
void SortLike(const Records& records, KeyOf key_of, std::vector<std::unique_ptr<Entry>>& entries) {
  absl::flat_hash_map<absl::string_view, size_t> positions;
  positions.reserve(records.size());
  for (const auto& record : records) positions.try_emplace(record.key(), positions.size());
  std::vector<std::pair<size_t, std::unique_ptr<Entry>>> placed;
  placed.reserve(entries.size());
  for (auto& entry : entries) {
    const size_t position = positions[key_of(*entry)];
    placed.emplace_back(position, std::move(entry));
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < placed.size(); ++i) entries[i] = std::move(placed[i].second);
}

}  // namespace

void Scheduler::State::AddSweep(v1::Sweep sweep) {
  auto entry = std::make_unique<SweepEntry>();
  entry->key = {GetTime(sweep.create_time()), sweep.spec().name()};
  entry->sweep = std::move(sweep);
  sweep_by_id[entry->key.second] = entry.get();
  if (entry->sweep.state() == v1::SWEEP_STATE_RUNNING) queues.Open(*entry);
  sweeps[entry->key] = std::move(entry);
}

void Scheduler::State::AddConfiguration(SweepEntry& sweep, v1::Configuration configuration) {
  auto entry = std::make_unique<ConfigurationEntry>();
  entry->configuration = std::move(configuration);
  entry->sweep = &sweep;
  sweep.configuration_by_key[entry->configuration.key()] = entry.get();
  sweep.configurations.push_back(std::move(entry));
}

void Scheduler::State::AddNetwork(SweepEntry& sweep, v1::Network network) {
  auto entry = std::make_unique<NetworkEntry>();
  entry->network = std::move(network);
  sweep.network_by_key[entry->network.key()] = entry.get();
  sweep.networks.push_back(std::move(entry));
}

void Scheduler::State::AddLoadedJob(SweepEntry& sweep, v1::Job job) {
  auto entry = std::make_unique<JobEntry>();
  entry->job = std::move(job);
  entry->sweep = &sweep;
  job_by_name[entry->job.name()] = entry.get();
  sweep.unarranged.push_back(std::move(entry));
}

void Scheduler::State::ArrangeTasks(SweepEntry& sweep) {
  std::vector<std::unique_ptr<TaskEntry>> tasks;
  for (const v1::Task& task : sweep.sweep.spec().task()) {
    tasks.push_back(std::make_unique<TaskEntry>());
    tasks.back()->name = task.name();
    tasks.back()->position = static_cast<int64_t>(tasks.size()) - 1;
  }
  sweep.tasks = std::move(tasks);
}

void Scheduler::State::ArrangeNetworks(SweepEntry& sweep,
                                       const population::Population& population) {
  SortLike(
      population.configurations,
      [](const ConfigurationEntry& entry) -> absl::string_view {
        return entry.configuration.key();
      },
      sweep.configurations);
  SortLike(
      population.networks,
      [](const NetworkEntry& entry) -> absl::string_view { return entry.network.key(); },
      sweep.networks);
  std::map<std::string, int64_t> shapes;
  int64_t position = 0;
  for (auto& entry : sweep.configurations) {
    entry->position = position++;
    entry->shape =
        shapes.try_emplace(ShapeKey(entry->configuration), entry->position).first->second;
    entry->networks.clear();
    entry->entered.clear();
    entry->open_searches = 0;
  }
  for (auto& entry : sweep.networks) {
    entry->configuration = sweep.configuration_by_key.at(entry->network.configuration());
    entry->place = entry->configuration->networks.size();
    entry->configuration->networks.push_back(entry.get());
  }
}

Shape& Scheduler::State::ShapeOf(const JobEntry& job, int64_t queue) {
  const auto [found, is_new] = job.sweep->shapes[job.job.kind()].try_emplace(queue);
  Shape& shape = found->second;
  if (!is_new) return shape;
  shape.sweep = job.sweep;
  shape.kind = job.job.kind();
  shape.queue = queue;
  if (job.configuration != nullptr) {
    shape.configuration = &job.configuration->configuration;
    shape.rung = job.job.rung();
    shape.extent = population::ExtentOf(job.sweep->sweep.spec(), job.configuration->configuration,
                                        job.job.kind(), job.job.rung());
  }
  return shape;
}

void Scheduler::State::LinkJob(std::unique_ptr<JobEntry> owned) {
  JobEntry& entry = *owned;
  const v1::Job& job = entry.job;
  SweepEntry& sweep = *entry.sweep;
  for (auto& task : sweep.tasks) {
    if (task->name == job.task()) entry.task = task.get();
  }
  int64_t position = entry.task->position;
  int64_t queue = 0;
  if (job.kind() == v1::JOB_KIND_COMPARE) {
    entry.task->compare = &entry;
  } else {
    entry.configuration = sweep.configuration_by_key.at(job.configuration());
    position = entry.configuration->position;
    queue = entry.configuration->shape;
  }
  if (job.kind() == v1::JOB_KIND_SEARCH) {
    std::vector<int>& entered = entry.configuration->entered;
    if (entered.size() <= static_cast<size_t>(job.rung())) entered.resize(job.rung() + 1);
    ++entered[job.rung()];
    // Later rungs first: they are few, and training waits for their end.
    queue = queue * kMostRungs + (kMostRungs - 1 - job.rung());
  } else if (job.kind() != v1::JOB_KIND_COMPARE) {
    entry.network = sweep.network_by_key.at(job.network());
    const bool trains = job.kind() == v1::JOB_KIND_TRAIN;
    (trains ? entry.network->train : entry.network->analyze) = &entry;
  }
  entry.shape = &ShapeOf(entry, queue);
  entry.order = OrderOf(job.kind(), position, job.rung(), job.draw());
  // Neither has a draw: its bits number the networks of one configuration.
  if (entry.network != nullptr) entry.order += entry.network->place;
  Count(entry, +1);
  if (job.state() == v1::JOB_STATE_SUCCEEDED) Measure(entry);
  sweep.jobs[entry.order] = std::move(owned);
}

void Scheduler::State::ArrangeJobs(SweepEntry& sweep) {
  AdoptScheduling(sweep);
  for (auto& [order, job] : sweep.jobs) sweep.unarranged.push_back(std::move(job));
  sweep.jobs.clear();
  sweep.leased.clear();
  for (auto& shapes : sweep.shapes) shapes.clear();
  sweep.measured = {};
  open_jobs -= std::exchange(sweep.open, 0);
  for (auto& job : sweep.unarranged) LinkJob(std::move(job));
  sweep.unarranged.clear();
  for (auto& [order, job] : sweep.jobs) {
    if (job->job.state() == v1::JOB_STATE_LEASED) sweep.leased.insert(order);
  }
}

void Scheduler::State::Arrange(SweepEntry& sweep, const population::Population& population) {
  sweep.excluded = population.excluded;
  ArrangeTasks(sweep);
  ArrangeNetworks(sweep, population);
  ArrangeJobs(sweep);
}

}  // namespace rnnfarm::scheduler
