// The fields by which lists can be filtered and ordered. Times are seconds since 1970.
#ifndef RNNFARM_COORDINATOR_SERVICE_RESOURCE_FIELDS_H_
#define RNNFARM_COORDINATOR_SERVICE_RESOURCE_FIELDS_H_

#include <string>
#include <vector>

#include "coordinator/service/resource_filter.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::service {

std::vector<Field> SweepFields();
std::vector<Field> WorkerFields();
// `axes`: the sweep's further axes, which are fields too.
std::vector<Field> ConfigurationFields(const std::vector<std::string>& axes);
std::vector<Field> NetworkFields(const std::vector<std::string>& axes);
// A job has its own fields and those of its network or, in a search, of its configuration.
std::vector<Field> JobFields(const std::vector<std::string>& axes);

FieldValue ReadSweepField(const v1::Sweep& sweep, absl::string_view field);
FieldValue ReadWorkerField(const v1::Worker& worker, absl::string_view field);
FieldValue ReadConfigurationField(const v1::Configuration& configuration, absl::string_view field);
FieldValue ReadNetworkField(const v1::Network& network, absl::string_view field);
// `network` and `configuration` may be null.
FieldValue ReadJobField(const v1::Job& job, const v1::Network* network,
                        const v1::Configuration* configuration, absl::string_view field);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_RESOURCE_FIELDS_H_
