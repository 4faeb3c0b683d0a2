// The metrics of fixed points, each defined in the file of its name.
#ifndef RNNFARM_ANALYSIS_TOPOLOGY_KINDS_H_
#define RNNFARM_ANALYSIS_TOPOLOGY_KINDS_H_

#include "analysis/metric.h"

namespace rnnfarm::analysis {

MetricKind FixedPointGraphKind();
MetricKind GromovWassersteinKind();

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_TOPOLOGY_KINDS_H_
