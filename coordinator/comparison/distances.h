// The distance matrix of one metric over the networks of one task.
#ifndef RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_
#define RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/pairwise/pairwise.h"
#include "coordinator/comparison/metric_settings.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

using ReadArtifact = std::function<absl::StatusOr<std::string>(const std::string& digest)>;

// Whether its files are what they will be when the task is compared.
bool HasEnded(const v1::Network& network);

struct LeftOut {
  int network = 0;  // index into the networks given
  std::string reason;
};

struct MetricDistances {
  std::vector<int> rows;          // indices into the networks given, ascending
  std::vector<LeftOut> left_out;  // ascending
  analysis::Matrix distances;     // rows x rows
  // What the networks compared have in common: samples of their states, or nodes of their graphs; 0
  // when there is none.
  int64_t extent = 0;
};

// Networks that are not included take no part. Those without the file that the metric needs, or
// whose file cannot be compared, are left out with the reason; so are, by metrics that need it,
// those whose number of samples or nodes is not the most frequent one among the trained networks
// (all, where none is trained; of equally frequent numbers the smaller one), as the paper does it,
// and those that a metric finds no distance for.
// Errors of `read` itself are returned: a file that the store cannot give now is no property of the
// network.
absl::StatusOr<MetricDistances> MeasureDistances(const ChosenMetric& settings,
                                                 const std::vector<v1::Network>& networks,
                                                 const ReadArtifact& read,
                                                 const analysis::PairwiseOptions& options);

// Computes and keeps in options.scratch the tiles whose networks have all ended, for the
// comparison to come. CANCELLED as options.share_done says.
absl::Status PrepareDistances(const ChosenMetric& settings,
                              const std::vector<v1::Network>& networks, const ReadArtifact& read,
                              const analysis::PairwiseOptions& options);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_
