// The distance matrix of one metric over the networks of one task.
#ifndef RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_
#define RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/representation.h"
#include "coordinator/comparison/metric_settings.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

// Prepared networks kept in memory at once; more are prepared again for each block of pairs.
inline constexpr int64_t kPreparedBytes = int64_t{1} << 30;

using ReadArtifact = std::function<absl::StatusOr<std::string>(const std::string& digest)>;
// The share done of this metric's distances, 0 to 1; false cancels.
using ShareDone = std::function<bool(double share)>;

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

// `networks` without the file that the metric needs, or whose file cannot be compared, are left out
// with the reason; so are those whose number of samples or nodes is not the most frequent one (for
// nodes: among the trained networks, of equally frequent numbers the smaller one, as the paper does
// it; for samples: the first one). Errors of `read` itself are returned: a file that the store
// cannot give now is no property of the network. `memory_bytes` bounds the prepared networks held.
absl::StatusOr<MetricDistances> MeasureDistances(const MetricSettings& settings,
                                                 const std::vector<v1::Network>& networks,
                                                 int threads, const ReadArtifact& read,
                                                 const ShareDone& share_done,
                                                 int64_t memory_bytes = kPreparedBytes);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_DISTANCES_H_
