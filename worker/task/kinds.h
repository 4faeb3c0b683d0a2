// The kinds of task, one source file each; MakeTask chooses among them.
#ifndef RNNFARM_WORKER_TASK_KINDS_H_
#define RNNFARM_WORKER_TASK_KINDS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/task/task.h"

namespace rnnfarm::task {

// A trial's arrays must fit into memory many times over.
inline constexpr int kMaxSteps = 100'000;
// Trials of a probe that is drawn rather than laid out on a grid.
inline constexpr int kProbeTrials = 64;

// Each checks its fields: INVALID_ARGUMENT names the field and its limits.
absl::StatusOr<std::unique_ptr<Task>> Make(const FlipFlop& spec);
absl::StatusOr<std::unique_ptr<Task>> Make(const SineWave& spec);
absl::StatusOr<std::unique_ptr<Task>> Make(const ContextIntegration& spec);
absl::StatusOr<std::unique_ptr<Task>> Make(const Dataset& spec);

// INVALID_ARGUMENT "<field> is <value>; expected <min> to <max>", unless it is (NaN is not).
absl::Status CheckRange(absl::string_view field, double value, double min, double max);

// The stream of a probe: the same for every network of a sweep.
base::StreamKey ProbeStream(uint64_t base_seed);

// Gives trials these extents and no mask; what x and y hold is left to be overwritten.
void Shape(int count, int steps, int inputs, int outputs, Trials& trials);

// Trials of the given extents, all zero, without a mask.
Trials BlankTrials(int count, int steps, int inputs, int outputs);

}  // namespace rnnfarm::task

#endif  // RNNFARM_WORKER_TASK_KINDS_H_
