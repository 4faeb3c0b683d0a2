// The metrics that a sweep asks for, with their settings resolved.
#ifndef RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_
#define RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::comparison {

struct ChosenMetric {
  std::string name;                        // as analysis::MetricKinds has it
  std::map<std::string, double> settings;  // of it, by name
};

// In the order of the specification, every setting with its value. INVALID_ARGUMENT for a metric
// named twice, since results are kept by name.
absl::StatusOr<std::vector<ChosenMetric>> ResolveMetrics(const v1::Analysis& analysis);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_
