// The metrics that there are, by name.
#ifndef RNNFARM_ANALYSIS_METRIC_REGISTRY_H_
#define RNNFARM_ANALYSIS_METRIC_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "analysis/metric.h"

namespace rnnfarm::analysis {

// In the order in which they are told.
const std::vector<MetricKind>& MetricKinds();
std::vector<std::string> MetricNames();

// INVALID_ARGUMENT lists the names.
absl::StatusOr<const MetricKind*> FindMetric(absl::string_view name);

// `given` with the defaults of what it leaves out. INVALID_ARGUMENT names an option that the metric
// does not have and those that it has, or the limit that a value breaks.
absl::StatusOr<MetricSettings> CompleteSettings(const MetricKind& kind,
                                                const MetricSettings& given);

// The metric and every setting as text; no two that differ have the same.
std::string IdentityOf(const MetricKind& kind, const MetricSettings& settings);

absl::StatusOr<std::unique_ptr<Metric>> MakeMetric(absl::string_view name,
                                                   const MetricSettings& given = {});

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_METRIC_REGISTRY_H_
