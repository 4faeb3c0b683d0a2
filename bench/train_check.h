// Before the clock starts: everything that is timed computes the same.
#ifndef RNNFARM_BENCH_TRAIN_CHECK_H_
#define RNNFARM_BENCH_TRAIN_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/torch_child.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::bench {

// What a child offers.
struct Peer {
  TorchChild* child;
  std::string variant;
};

// Trains a few iterations from the same weights on the same trials: the loss of each iteration
// agrees between `engine`, the reference engine and `peers`, and the engines' parameters agree at
// the end; to 1e-4 relative in float32. In another precision, which `peers` have been told too, the
// reference engine stays in float32 and more is allowed. INTERNAL names who differs and by how
// much: of the engines in place of the value, of each of `peers` in it.
absl::StatusOr<std::vector<absl::Status>> CheckAgreement(
    engine::Engine& engine, engine::Engine& reference, const task::Task& task,
    const rnn::CellSpec& cell, const std::vector<Peer>& peers,
    engine::Precision precision = engine::Precision::kFp32);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_CHECK_H_
