// The .npz of one network's fixed points; its arrays are listed at Report::fixed_points_file.
#ifndef RNNFARM_WORKER_DYNAMICS_FIXED_POINT_FILE_H_
#define RNNFARM_WORKER_DYNAMICS_FIXED_POINT_FILE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "base/array_file.h"
#include "worker/dynamics/analysis.h"
#include "worker/dynamics/fixed_points.h"
#include "worker/dynamics/graph.h"

namespace rnnfarm::dynamics {

// Beside the arrays of the header: hits (points), index (points; sign det(I - J)), transitions_lost
// (nodes). meta holds the settings and each condition's summary.
base::Archive FixedPointArchive(const rnn::CellSpec& spec, const std::vector<FixedPoint>& points,
                                const Graph& graph, absl::string_view graph_kind,
                                const Settings& settings,
                                const std::vector<ConditionSummary>& conditions);

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_FIXED_POINT_FILE_H_
