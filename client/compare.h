// Comparing networks and recordings without a farm.
#ifndef RNNFARM_CLIENT_COMPARE_H_
#define RNNFARM_CLIENT_COMPARE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analysis/pairwise/pairwise.h"

namespace rnnfarm::client {

// Networks nearest to a file that are told.
inline constexpr int kNearestTold = 10;

struct CompareRequest {
  // .npy or .npz "states": samples x neurons or trials x time x neurons. For a metric of fixed
  // points: its .npz.
  std::vector<std::string> files;
  // A task's folder of a sweep's results, such as results/my/flipflop, whose networks join.
  std::string with = "";
  std::string metric = "svcca";
  std::map<std::string, double> options = {};  // of the metric
  int threads = 1;
  int64_t memory_bytes = analysis::kDefaultMemoryBytes;
  // Where what is computed is kept until all is; empty: nowhere.
  std::string scratch = "";
  std::function<bool(double share)> share_done = [](double) { return true; };
};

struct Comparison {
  std::string metric;
  std::map<std::string, double> settings;  // of the metric, every one
  std::vector<std::string> labels;         // the files, then the keys of the sweep's networks
  int files = 0;                           // of the labels
  analysis::Matrix distances;              // labels x labels
  // Networks of the sweep that cannot be compared, with the reason.
  std::vector<std::pair<std::string, std::string>> left_out;
};

// INVALID_ARGUMENT names the file that cannot be compared, or has another number of samples (nodes)
// than the first, and why; or says that there are fewer than two.
absl::StatusOr<Comparison> Compare(const CompareRequest& request);

// The labels of the sweep's networks nearest to file `file`, nearest first, at most kNearestTold;
// without a sweep, of the other files.
std::vector<int> NearestTo(const Comparison& comparison, int file);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPARE_H_
