#include "coordinator/population/preview.h"

#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/deterministic_bytes.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

// Values of one axis in order of appearance.
class AxisCounter {
 public:
  explicit AxisCounter(std::string axis) { count_.set_axis(std::move(axis)); }
  void Add(const std::string& value) {
    const auto [place, is_new] = places_.try_emplace(value, count_.values_size());
    if (is_new) count_.add_values()->set_value(value);
    v1::AxisValueCount& counted = *count_.mutable_values(place->second);
    counted.set_networks(counted.networks() + 1);
  }
  const v1::AxisCount& count() const { return count_; }

 private:
  v1::AxisCount count_;
  std::map<std::string, int> places_;
};

void CountAxes(const Population& population, v1::SweepPreview& preview) {
  std::vector<AxisCounter> counters;
  for (const char* axis : {"task", "architecture", "activation", "units", "l2", "seed"}) {
    counters.emplace_back(axis);
  }
  std::map<std::string, AxisCounter> further;
  for (const v1::Network& network : population.networks) {
    if (network.untrained()) {
      preview.set_untrained(preview.untrained() + 1);
      continue;
    }
    preview.set_networks(preview.networks() + 1);
    counters[0].Add(network.task());
    counters[1].Add(network.architecture());
    if (!network.activation().empty()) counters[2].Add(network.activation());
    counters[3].Add(absl::StrCat(network.units()));
    if (network.imported()) continue;  // has neither
    counters[4].Add(FormatDecimal(network.l2()));
    counters[5].Add(absl::StrCat(network.seed()));
    for (const auto& [axis, value] : network.axes()) {
      further.try_emplace(axis, axis).first->second.Add(FormatDecimal(value));
    }
  }
  for (const AxisCounter& counter : counters) {
    if (counter.count().values_size() > 0) *preview.add_axes() = counter.count();
  }
  for (const auto& [axis, counter] : further) *preview.add_axes() = counter.count();
}

void AddSearches(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                 std::vector<JobGroup>& groups) {
  int draws = resolved.search().trials_per_config();
  for (int rung = 0; rung < resolved.search().rungs() && draws > 0; ++rung) {
    groups.push_back({&configuration, v1::JOB_KIND_SEARCH, rung, draws});
    draws = NextRungSize(draws);
  }
}

}  // namespace

std::vector<JobGroup> JobsOf(const v1::SweepSpec& resolved, const Population& population,
                             const Population& added) {
  absl::flat_hash_map<std::string, const v1::Configuration*> configurations;
  for (const v1::Configuration& each : population.configurations)
    configurations[each.key()] = &each;
  std::vector<JobGroup> groups;
  for (const v1::Configuration& each : added.configurations) {
    if (!each.chosen()) AddSearches(resolved, *configurations.at(each.key()), groups);
  }
  std::map<std::string, std::pair<int64_t, int64_t>> networks;  // trained here, all
  std::set<std::string> tasks;
  for (const v1::Network& each : added.networks) {
    auto& [trained, all] = networks[each.configuration()];
    trained += each.untrained() || each.imported() ? 0 : 1;
    ++all;
    tasks.insert(each.task());
  }
  for (v1::JobKind kind : {v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
    for (const auto& [key, counts] : networks) {
      const int64_t jobs = kind == v1::JOB_KIND_TRAIN ? counts.first : counts.second;
      if (jobs > 0) groups.push_back({configurations.at(key), kind, 0, jobs});
    }
  }
  if (!tasks.empty()) {
    groups.push_back({nullptr, v1::JOB_KIND_COMPARE, 0, static_cast<int64_t>(tasks.size())});
  }
  return groups;
}

std::vector<JobGroup> JobsOf(const v1::SweepSpec& resolved, const Population& population) {
  return JobsOf(resolved, population, population);
}

v1::SweepPreview Preview(const Population& population, const std::vector<JobGroup>& groups) {
  v1::SweepPreview preview;
  CountAxes(population, preview);
  for (const JobGroup& group : groups) {
    const int last = preview.stages_size() - 1;
    v1::StagePreview* stage = last >= 0 && preview.stages(last).kind() == group.kind
                                  ? preview.mutable_stages(last)
                                  : preview.add_stages();
    stage->set_kind(group.kind);
    stage->set_jobs(stage->jobs() + group.jobs);
  }
  return preview;
}

std::string CostKey(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                    v1::JobKind kind, int rung) {
  v1::Job job;
  job.set_kind(kind);
  job.set_task(configuration.task());
  job.set_rung(rung);
  v1::JobSpec spec = MakeJobSpec(resolved, configuration, nullptr, job);
  const JobExtent extent = ExtentOf(resolved, configuration, kind, rung);
  spec.mutable_task()->clear_name();
  if (spec.task().has_dataset()) spec.mutable_task()->mutable_dataset()->clear_path();
  spec.set_until_iteration(extent.last_iteration);
  // What decides which numbers come out, not how long that takes.
  spec.clear_base_seed();
  spec.clear_stream_key();
  spec.clear_l2();
  spec.clear_cell();
  spec.clear_hyperparameters();
  spec.clear_resume_from();
  spec.clear_timeout();
  spec.mutable_training()->clear_decay_steps();
  spec.mutable_training()->clear_keep_untrained();
  spec.mutable_training()->clear_iterations();
  if (kind == v1::JOB_KIND_ANALYZE) spec.clear_training();
  return absl::StrCat(extent.first_iteration, "|", base::DeterministicBytes(spec));
}

bool KnowsOperations(const v1::SweepSpec& resolved, const v1::Configuration& configuration) {
  if (IsRecording(configuration.architecture())) return false;
  for (const v1::Task& task : resolved.task()) {
    if (task.name() == configuration.task()) return TaskSteps(task) > 0;
  }
  return false;
}

}  // namespace rnnfarm::population
