// All pairs of a population by one metric: each network is prepared once, then tiles of the matrix
// are computed by large products.
//
// A tile is kept in a scratch folder under a key that says all that it depends on: after a kill
// only the missing ones are computed. A pair's bits depend on the two networks alone, so the matrix
// is the same bytes for any number of threads, limit of memory, order and history.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PAIRWISE_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PAIRWISE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/metric.h"
#include "analysis/pairwise/scratch.h"

namespace rnnfarm::analysis {

// Networks on a side of a tile.
inline constexpr int kTileSide = 64;

inline constexpr int64_t kDefaultMemoryBytes = int64_t{2} << 30;

// Part of every key of the scratch folder: to be raised with any change of what Prepare or Distance
// of a metric computes, or of how it is stored.
inline constexpr char kArithmeticVersion[] = "rnnfarm pairs 1";

struct PairwiseFile {
  std::string source;  // names it in errors
  std::string digest;  // SHA-256 of its bytes; empty if there is no file
  std::string reason;  // why there is none
};

struct PairwiseInput {
  const Metric* metric = nullptr;
  std::string identity;  // of the metric and its settings
  std::vector<PairwiseFile> files;
  // The bytes of a file; called by one thread at a time.
  std::function<absl::StatusOr<std::string>(int)> read;
};

// Of the share done: reading and preparing networks, before the first pair.
inline constexpr double kPreparationShare = 0.2;

struct Member {
  int64_t extent = 0;
  std::string reason;  // why it cannot be compared; empty: it can
};

struct PairwiseOptions {
  int threads = 1;
  // Of prepared networks held at once, beyond the few that are in use.
  int64_t memory_bytes = kDefaultMemoryBytes;
  const Scratch* scratch = nullptr;  // none: nothing is kept
  // The share done, 0 to 1, told from the calling thread; false cancels.
  std::function<bool(double)> share_done = [](double) { return true; };
  // Asked by every thread after each network and each row of pairs; false cancels.
  std::function<bool()> go_on = [] { return true; };
  // Asked once, when all networks are prepared and before pairs are compared; an error ends it all.
  std::function<absl::Status(const std::vector<Member>&)> accept = [](const auto&) {
    return absl::OkStatus();
  };
  // Only tiles whose networks are all ready are computed; null: all. Those that are not are NaN.
  std::function<bool(int)> ready = nullptr;
};

struct PairwiseResult {
  // n x n, symmetric, zero diagonal; NaN for what cannot be compared.
  Matrix distances;
  std::vector<Member> members;
};

// Errors of `read`, and CANCELLED.
absl::StatusOr<PairwiseResult> MeasureAllPairs(const PairwiseInput& input,
                                               const PairwiseOptions& options = {});

// The same distances of networks that are prepared already.
Matrix MeasureAllPairs(const Metric& metric, const std::vector<Prepared>& prepared, int threads);

double DistanceBetween(const Metric& metric, const Prepared& a, const Prepared& b);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_PAIRWISE_H_
