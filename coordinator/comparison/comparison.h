// All pairs of one task: from the networks' artifacts to distance matrices, embeddings and
// statistics. Pure but for `read`; the same inputs give the same bytes.
#ifndef RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_
#define RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::comparison {

struct Input {
  v1::SweepSpec spec;  // resolved
  std::string task;
  std::vector<v1::Network> networks;  // of the task, in order of the population
  int threads = 1;
};

// Result path (such as "flipflop/distances/svcca.npy") to bytes: for every metric distances/<m>.npy
// (float32), distances/<m>_index.csv where the metric leaves networks out, embeddings/<m>.csv, and
// for the task distances/index.csv and statistics.json. With fewer than 2 networks to compare only
// index.csv and statistics.json, which says why.
absl::StatusOr<std::map<std::string, std::string>> Compare(
    const Input& input,
    const std::function<absl::StatusOr<std::string>(const std::string& digest)>& read,
    const std::function<bool(absl::string_view phase, double share)>& progress);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_
