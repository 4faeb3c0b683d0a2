#include "coordinator/scheduler/cost_book.h"

namespace rnnfarm::scheduler {
namespace {

constexpr double kSecondsPerHour = 3600;

// `operations` of one job; 0: not known.
void Add(const Measured& alike, const Measured& kind, double operations, int64_t jobs,
         v1::StageCost& cost) {
  const double count = static_cast<double>(jobs);
  if (!alike.empty()) {
    cost.set_hours(cost.hours() + count * absl::ToDoubleSeconds(alike.Mean()) / kSecondsPerHour);
    cost.set_measured(cost.measured() + jobs);
  } else if (kind.Scales(operations)) {
    const double seconds = operations * kind.SecondsPerOperation();
    cost.set_hours(cost.hours() + count * seconds / kSecondsPerHour);
    cost.set_scaled(cost.scaled() + jobs);
  } else {
    cost.set_unknown(cost.unknown() + jobs);
  }
}

}  // namespace

void CostBook::Learn(const v1::SweepSpec& resolved, const Shape& shape) {
  const bool measured = !shape.spent.cores.empty() || !shape.spent.devices.empty();
  if (!measured || shape.configuration == nullptr) return;
  const auto add = [&shape](Spent& to) {
    to.cores.Add(shape.spent.cores);
    to.devices.Add(shape.spent.devices);
  };
  add(alike_[population::CostKey(resolved, *shape.configuration, shape.kind, shape.rung)]);
  if (population::KnowsOperations(resolved, *shape.configuration)) add(by_kind_[shape.kind]);
}

void CostBook::Estimate(const v1::SweepSpec& resolved,
                        const std::vector<population::JobGroup>& groups,
                        v1::SweepPreview& preview) const {
  static const Spent kNone;
  std::map<v1::JobKind, v1::StagePreview*> stages;
  for (v1::StagePreview& stage : *preview.mutable_stages()) stages[stage.kind()] = &stage;
  for (const population::JobGroup& group : groups) {
    if (group.configuration == nullptr) continue;
    const v1::Configuration& configuration = *group.configuration;
    const auto found =
        alike_.find(population::CostKey(resolved, configuration, group.kind, group.rung));
    const Spent& alike = found == alike_.end() ? kNone : found->second;
    const double operations =
        population::KnowsOperations(resolved, configuration)
            ? population::ExtentOf(resolved, configuration, group.kind, group.rung).operations
            : 0;
    const Spent& kind = by_kind_[group.kind];
    v1::StagePreview& stage = *stages.at(group.kind);
    Add(alike.cores, kind.cores, operations, group.jobs, *stage.mutable_cores());
    Add(alike.devices, kind.devices, operations, group.jobs, *stage.mutable_devices());
  }
}

}  // namespace rnnfarm::scheduler
