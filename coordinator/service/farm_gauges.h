// How the farm stands now, for Prometheus: what is read when asked for rather than counted.
#ifndef RNNFARM_COORDINATOR_SERVICE_FARM_GAUGES_H_
#define RNNFARM_COORDINATOR_SERVICE_FARM_GAUGES_H_

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/service/ledger.h"

namespace rnnfarm::service {

// Costs tasks and workers under the ledger's lock, not jobs. Jobs, sweeps, networks and workers are
// left out once the ledger has failed, the time of the last backup where there is none.
std::vector<prometheus::MetricFamily> FarmGauges(const Ledger& ledger,
                                                 const std::string& store_path,
                                                 absl::Time last_backup);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_FARM_GAUGES_H_
