// The engine of whole populations: networks iterate together on one device, as many as fit into its
// memory at a time.
//
// On one kind of device and with one version of cuBLAS a network's bytes are the same in any pack
// and however often it was cut; between kinds, and against the engine "cpu", they differ in
// rounding.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_CUDA_ENGINE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_CUDA_ENGINE_H_

#include <functional>
#include <memory>

#include "worker/engine/cuda/parts.h"
#include "worker/engine/cuda/size.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine::cuda {

// By shape; or one of the two designs, where it can compute the shape.
inline constexpr absl::string_view kCudaEngine = "cuda";
inline constexpr absl::string_view kGeneralEngine = "cuda-general";
inline constexpr absl::string_view kResidentEngine = "cuda-resident";

// What the engine computes on.
struct Backend {
  MakeParts make = nullptr;
  BlockLimits block;
  // Of the device's memory; throws.
  std::function<int64_t()> free_bytes;
};

std::unique_ptr<Engine> MakeCudaEngine(Limits limits, Design design, Backend backend);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_CUDA_ENGINE_H_
