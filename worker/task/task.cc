#include "worker/task/task.h"

#include "absl/strings/str_cat.h"
#include "worker/task/kinds.h"

namespace rnnfarm::task {

absl::Status CheckRange(absl::string_view field, double value, double min, double max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, "; expected ", min, " to ", max));
}

base::StreamKey ProbeStream(uint64_t base_seed) {
  return base::DeriveStream(base_seed, "", "probe");
}

void Shape(int count, int steps, int inputs, int outputs, Trials& trials) {
  trials.count = count;
  trials.steps = steps;
  trials.inputs = inputs;
  trials.outputs = outputs;
  const size_t samples = size_t(count) * steps;
  trials.x.resize(samples * inputs);
  trials.y.resize(samples * outputs);
  trials.mask.clear();
}

Trials BlankTrials(int count, int steps, int inputs, int outputs) {
  Trials trials;
  Shape(count, steps, inputs, outputs, trials);
  return trials;
}

Trials Task::Generate(base::StreamKey key, uint64_t first_substream, int count, int steps) const {
  Trials trials;
  Generate(key, first_substream, count, steps, trials);
  return trials;
}

absl::StatusOr<std::unique_ptr<Task>> MakeTask(const TaskSpec& spec) {
  return std::visit([](const auto& kind) { return Make(kind); }, spec);
}

}  // namespace rnnfarm::task
