#include "worker/engine/engine.h"

#include <torch/torch.h>

#include "absl/strings/str_cat.h"
#include "worker/engine/cpu/cpu_engine.h"
#include "worker/engine/reference_engine.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::engine {

std::vector<float> InitialParameters(uint64_t base_seed, absl::string_view stream_key,
                                     const rnn::CellSpec& cell) {
  const torch::Tensor flat = rnn::Initialise(cell, base_seed, stream_key);
  const float* values = flat.data_ptr<float>();
  return std::vector<float>(values, values + flat.numel());
}

double UsefulOperations(const rnn::CellSpec& cell, int batch_size, int steps) {
  const double units = cell.units;
  return 6.0 * batch_size * steps * cell.gates() * units * units;
}

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(absl::string_view name, Limits limits) {
  if (name == cpu::kCpuEngine) return cpu::MakeCpuEngine(limits);
  if (name == kReferenceEngine) return MakeReferenceEngine(limits);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown engine \"", name, "\"; this build has: ", cpu::kCpuEngine, ", ", kReferenceEngine));
}

}  // namespace rnnfarm::engine
