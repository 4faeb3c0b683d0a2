// What would come of a submission.
#include "coordinator/population/preview.h"

#include "coordinator/scheduler/cost_book.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {

v1::SweepPreview Scheduler::State::Preview(const SweepEntry* existing,
                                           const v1::SweepSpec& resolved,
                                           const population::Population& population) const {
  population::Population added;
  for (const v1::Configuration& each : population.configurations) {
    const bool known = existing != nullptr && existing->configuration_by_key.contains(each.key());
    if (!known) added.configurations.push_back(each);
  }
  for (const v1::Network& each : population.networks) {
    const bool known = existing != nullptr && existing->network_by_key.contains(each.key());
    if (!known) added.networks.push_back(each);
  }
  CostBook book;
  for (const auto& [key, sweep] : sweeps) {
    for (const auto& shapes : sweep->shapes) {
      for (const auto& [queue, shape] : shapes) book.Learn(sweep->sweep.spec(), shape);
    }
  }
  const auto groups = population::JobsOf(resolved, population, added);
  v1::SweepPreview preview = population::Preview(population, groups);
  book.Estimate(resolved, groups, preview);
  return preview;
}

}  // namespace rnnfarm::scheduler
