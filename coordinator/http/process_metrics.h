// Figures of this process as Prometheus knows them from every program, and its build.
#ifndef RNNFARM_COORDINATOR_HTTP_PROCESS_METRICS_H_
#define RNNFARM_COORDINATOR_HTTP_PROCESS_METRICS_H_

#include <prometheus/metric_family.h>

#include <vector>

namespace rnnfarm::http {

// What /proc does not tell is left out.
std::vector<prometheus::MetricFamily> ProcessMetrics();

}  // namespace rnnfarm::http

#endif  // RNNFARM_COORDINATOR_HTTP_PROCESS_METRICS_H_
