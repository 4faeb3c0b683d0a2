// All pairs of one task: from the networks' artifacts to distance matrices, embeddings and
// statistics. The same inputs give the same bytes, whatever the scratch folder holds.
#ifndef RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_
#define RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/pairwise/pairwise.h"
#include "coordinator/comparison/distances.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::comparison {

struct Input {
  v1::SweepSpec spec;  // resolved
  std::string task;
  std::vector<v1::Network> networks;  // of the task, in order of the population
  // Threads, memory, scratch folder and go_on; `share_done` and `ready` are not used.
  analysis::PairwiseOptions pairs;
};

// Result path (such as "flipflop/distances/svcca.npy") to bytes: for every metric distances/<m>.npy
// (float32), distances/<m>_index.csv where the metric leaves networks out, embeddings/<m>.csv, and
// for the task distances/index.csv and statistics.json. With fewer than 2 networks to compare only
// index.csv and statistics.json, which says why.
absl::StatusOr<std::map<std::string, std::string>> Compare(
    const Input& input, const ReadArtifact& read,
    const std::function<bool(absl::string_view phase, double share)>& progress);

// Blocks of networks, as wide as a tile, that have all ended: what CompareAhead can work on.
int CompleteBlocks(const std::vector<v1::Network>& networks);

// While the task's other jobs still run: keeps in the scratch folder what can be computed of the
// comparison already. `go_on`: false cancels.
absl::Status CompareAhead(const Input& input, const ReadArtifact& read,
                          const std::function<bool()>& go_on);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_COMPARISON_H_
