// Comparing recordings without a farm.
#ifndef RNNFARM_CLIENT_COMPARE_H_
#define RNNFARM_CLIENT_COMPARE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analysis/representation.h"

namespace rnnfarm::client {

struct CompareRequest {
  std::vector<std::string> files;  // .npy: samples x neurons or trials x time x neurons
  std::string metric = "svcca";
  std::map<std::string, double> options = {};  // of the metric
  int threads = 1;
};

struct Comparison {
  std::string metric;
  std::vector<std::string> labels;  // the files
  analysis::Matrix distances;       // files x files
};

// INVALID_ARGUMENT names the file that cannot be read, has another number of samples than the
// first, or holds no representation. An .npz is read for its array "states".
absl::StatusOr<Comparison> Compare(const CompareRequest& request);

// {"metric": …, "labels": […], "distances": [[…]]} on one line.
std::string ComparisonJson(const Comparison& comparison);

// DIRECTORY/<metric>.npy (float64, N x N), index.csv (the order of rows) and, of three files or
// more, <metric>_mds.csv (label, x, y).
absl::Status WriteComparison(const Comparison& comparison, const std::string& directory);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPARE_H_
