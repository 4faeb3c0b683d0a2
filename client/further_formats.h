// Pulled results in formats beside NumPy's, made from the files that lie in the folder.
#ifndef RNNFARM_CLIENT_FURTHER_FORMATS_H_
#define RNNFARM_CLIENT_FURTHER_FORMATS_H_

#include <vector>

#include "absl/status/status.h"
#include "client/pull.h"
#include "client/pulled_folder.h"

namespace rnnfarm::client {

// <task>/results.h5 for each task: the arrays of networks/KEY and fixed_points/KEY, states/KEY,
// distances/METRIC, search/DRAW, tables as a group with an array a column, statistics as JSON.
// One file of the results at a time is in memory.
absl::Status WriteHdf5Files(const v1::Sweep& sweep, const std::vector<PulledFile>& files,
                            PulledFolder& folder, const PullOptions& options);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_FURTHER_FORMATS_H_
