// Networks that bench_fixed_points takes apart: trained on the three-bit flip-flop, here or before.
#ifndef RNNFARM_BENCH_TRAINED_CASE_H_
#define RNNFARM_BENCH_TRAINED_CASE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/rnn/network_file.h"

namespace rnnfarm::bench {

struct TrainedCase {
  rnn::NetworkFile network;
  double validation_loss = 0;  // the last of its curve
};

// The networks of `cells`, in order. <folder>/<cell>-<units>.npz where it exists; otherwise trained
// with rates that are known to work, several at a time, and written there. An empty folder keeps
// nothing.
absl::StatusOr<std::vector<TrainedCase>> TrainedCases(const std::vector<rnn::CellSpec>& cells,
                                                      const std::string& folder,
                                                      int64_t iterations);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAINED_CASE_H_
