// Before the clock starts: everything that is timed computes the same.
#ifndef RNNFARM_BENCH_TRAIN_CHECK_H_
#define RNNFARM_BENCH_TRAIN_CHECK_H_

#include "absl/status/status.h"
#include "bench/torch_child.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"
#include "worker/task/task.h"

namespace rnnfarm::bench {

// Trains a few iterations from the same weights on the same trials: the loss of each iteration
// agrees between `engine`, the reference engine and both variants of `torch` (null: left out), and
// the engines' parameters agree at the end; to 1e-4 relative. INTERNAL names who differs and by how
// much.
absl::Status CheckAgreement(engine::Engine& engine, engine::Engine& reference, TorchChild* torch,
                            const task::Task& task, const rnn::CellSpec& cell);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TRAIN_CHECK_H_
