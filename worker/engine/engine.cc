#include "worker/engine/engine.h"

#include <torch/torch.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/engine/cpu/cpu_engine.h"
#include "worker/engine/cuda/available.h"
#include "worker/engine/cuda/cuda_engine.h"
#include "worker/engine/devices.h"
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

namespace {

absl::StatusOr<std::unique_ptr<Engine>> MakeEngineOnDevice(Limits limits, cuda::Design design) {
  const auto devices = FindDevices();
  if (!devices.ok()) return devices.status();
  for (const Device& device : *devices) {
    if (device.index != limits.device) continue;
    cuda::Backend backend;
    backend.make = &cuda::MakeCudaParts;
    try {
      backend.block = cuda::LimitsOfBlocks(device.index);
    } catch (const std::exception& error) {
      return absl::FailedPreconditionError(error.what());
    }
    backend.free_bytes = [index = device.index] { return cuda::FreeBytes(index); };
    return cuda::MakeCudaEngine(limits, design, std::move(backend));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "CUDA device ", limits.device, " is none of the ", devices->size(), " usable ones"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> MakeEngine(absl::string_view name, Limits limits) {
  if (name == cpu::kCpuEngine) return cpu::MakeCpuEngine(limits);
  if (name == kReferenceEngine) return MakeReferenceEngine(limits);
  if (name == cuda::kCudaEngine) return MakeEngineOnDevice(limits, cuda::Design::kAutomatic);
  if (name == cuda::kGeneralEngine) return MakeEngineOnDevice(limits, cuda::Design::kGeneral);
  if (name == cuda::kResidentEngine) return MakeEngineOnDevice(limits, cuda::Design::kResident);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown engine \"", name, "\"; use one of: ", cpu::kCpuEngine, ", ", kReferenceEngine, ", ",
      cuda::kCudaEngine, ", ", cuda::kGeneralEngine, ", ", cuda::kResidentEngine));
}

}  // namespace rnnfarm::engine
