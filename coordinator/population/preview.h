// What a sweep is before it is submitted: networks an axis, jobs a stage, and which jobs are alike.
//
//   Population population = Enumerate(resolved);
//   v1::SweepPreview preview = Preview(population, JobsOf(resolved, population));
#ifndef RNNFARM_COORDINATOR_POPULATION_PREVIEW_H_
#define RNNFARM_COORDINATOR_POPULATION_PREVIEW_H_

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/population/population.h"
#include "rnnfarm/v1/farm_service.pb.h"

namespace rnnfarm::population {

// Jobs of one configuration that cost the same.
struct JobGroup {
  const v1::Configuration* configuration = nullptr;  // null: compare
  v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
  int rung = 0;  // search only
  int64_t jobs = 0;
};

// Jobs that `added`, a part of the population, brings, in order of kind: at most, since a search
// may end early. Of a task that gets networks one comparison. Pointers are into the population.
std::vector<JobGroup> JobsOf(const v1::SweepSpec& resolved, const Population& population,
                             const Population& added);
std::vector<JobGroup> JobsOf(const v1::SweepSpec& resolved, const Population& population);

// Axes of the population and stages of the groups, without costs.
v1::SweepPreview Preview(const Population& population, const std::vector<JobGroup>& groups);

// All that decides what a job costs: jobs with the same key take equally long. Not of comparisons.
std::string CostKey(const v1::SweepSpec& resolved, const v1::Configuration& configuration,
                    v1::JobKind kind, int rung);

// Whether JobExtent::operations holds the trials' length, which is not known of a dataset, and is
// what costs, which of a recording it is not.
bool KnowsOperations(const v1::SweepSpec& resolved, const v1::Configuration& configuration);

}  // namespace rnnfarm::population

#endif  // RNNFARM_COORDINATOR_POPULATION_PREVIEW_H_
