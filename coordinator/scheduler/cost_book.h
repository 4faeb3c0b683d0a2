// What jobs cost that ended on this coordinator, by what they were: for telling what a sweep will
// cost before it is submitted.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_COST_BOOK_H_
#define RNNFARM_COORDINATOR_SCHEDULER_COST_BOOK_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "coordinator/population/preview.h"
#include "coordinator/scheduler/queues.h"

namespace rnnfarm::scheduler {

class CostBook {
 public:
  void Learn(const v1::SweepSpec& resolved, const Shape& shape);
  // Fills in what the groups cost, into the stage of their kind.
  void Estimate(const v1::SweepSpec& resolved, const std::vector<population::JobGroup>& groups,
                v1::SweepPreview& preview) const;

 private:
  std::map<std::string, Spent> alike_;    // by population::CostKey
  std::array<Spent, kJobKinds> by_kind_;  // of jobs whose operations are known
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_COST_BOOK_H_
