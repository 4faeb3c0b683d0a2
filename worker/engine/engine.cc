#include "worker/engine/engine.h"

#include <torch/torch.h>

#include "absl/strings/str_cat.h"
#include "worker/engine/reference_engine.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::engine {

std::vector<float> InitialParameters(uint64_t base_seed, absl::string_view stream_key,
                                     const rnn::CellSpec& cell) {
  const torch::Tensor flat = rnn::Initialise(cell, base_seed, stream_key);
  const float* values = flat.data_ptr<float>();
  return std::vector<float>(values, values + flat.numel());
}

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(absl::string_view name) {
  if (name == kReferenceEngine) return MakeReferenceEngine();
  return absl::InvalidArgumentError(
      absl::StrCat("unknown engine \"", name, "\"; this build has: ", kReferenceEngine));
}

}  // namespace rnnfarm::engine
