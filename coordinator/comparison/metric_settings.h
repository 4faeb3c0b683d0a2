// The metrics that a sweep asks for, with their settings resolved.
#ifndef RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_
#define RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::comparison {

inline constexpr char kFixedPointGraph[] = "fixed_point_graph";

struct MetricSettings {
  std::string name;                        // svcca, cka, procrustes, fixed_point_graph
  std::map<std::string, double> settings;  // every one, defaults written out
  // Whether it compares states (and not graphs); `settings` are MakeMetric's options then.
  bool OfStates() const { return name != kFixedPointGraph; }
};

// In the order of the specification; all four when it names none. INVALID_ARGUMENT for a metric
// named twice, since results are kept by name.
absl::StatusOr<std::vector<MetricSettings>> ResolveMetrics(const v1::Analysis& analysis);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_METRIC_SETTINGS_H_
