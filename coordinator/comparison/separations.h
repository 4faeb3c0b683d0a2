// Statistics of the networks' labels: how far each label separates the networks of one metric, and
// how far two metrics agree.
#ifndef RNNFARM_COORDINATOR_COMPARISON_SEPARATIONS_H_
#define RNNFARM_COORDINATOR_COMPARISON_SEPARATIONS_H_

#include <string>
#include <vector>

#include "analysis/statistics/mantel.h"
#include "analysis/statistics/separation.h"
#include "coordinator/comparison/distances.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

struct LabelSeparation {
  std::string label;  // architecture, activation, units, l2, or the field of a further axis
  analysis::Separation separation;
};

struct Separations {
  int networks = 0;  // that the statistics are of
  std::vector<LabelSeparation> labels;
};

// Of the trained networks; of all where fewer than 2 are trained, so that untrained controls do not
// count as members of an architecture.
Separations MeasureSeparations(const std::vector<v1::Network>& networks,
                               const MetricDistances& distances);

struct Agreement {
  int networks = 0;  // that both metrics compare, trained as above
  analysis::Mantel mantel;
};

Agreement MeasureAgreement(const std::vector<v1::Network>& networks, const MetricDistances& a,
                           const MetricDistances& b);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_SEPARATIONS_H_
