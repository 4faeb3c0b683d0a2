// A comparison as text and as files.
#ifndef RNNFARM_CLIENT_COMPARE_FILES_H_
#define RNNFARM_CLIENT_COMPARE_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "client/compare.h"
#include "client/table.h"

namespace rnnfarm::client {

// {"metric": …, "settings": {…}, "labels": […], "distances": [[…]]} on one line; after --with,
// "nearest" too: for each file [{"network": …, "distance": …}].
std::string ComparisonJson(const Comparison& comparison);

// Every distance.
Table DistanceTable(const Comparison& comparison);
// The networks nearest to each file.
Table NearestTable(const Comparison& comparison);

// DIRECTORY/<metric>.npy (float64, N x N), index.csv (the order of rows), nearest.csv, of three or
// more <metric>_mds.csv (label, x, y), and comparison.json: metric, settings, how good the
// embedding is, and who was left out.
absl::Status WriteComparison(const Comparison& comparison, const std::string& directory,
                             int threads);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPARE_FILES_H_
