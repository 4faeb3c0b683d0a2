// The fields of a network's fixed points, as its row shows them: one value a condition.
#ifndef RNNFARM_COORDINATOR_SERVICE_CONDITION_FIELDS_H_
#define RNNFARM_COORDINATOR_SERVICE_CONDITION_FIELDS_H_

#include <vector>

#include "coordinator/service/resource_filter.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::service {

std::vector<Field> ConditionFields();
// No value before the analysis, or of a field that is none of these.
FieldValue ReadConditionField(const v1::FixedPointSummary& summary, absl::string_view field);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_CONDITION_FIELDS_H_
