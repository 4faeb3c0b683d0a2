// The metrics of hidden states, each defined in the file of its name.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_KINDS_H_
#define RNNFARM_ANALYSIS_SIMILARITY_KINDS_H_

#include "analysis/metric.h"

namespace rnnfarm::analysis {

MetricKind SvccaKind();
MetricKind CcaKind();  // svcca.cc
MetricKind CkaKind();
MetricKind ProcrustesKind();
MetricKind DsaKind();

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_KINDS_H_
