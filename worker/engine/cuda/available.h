// What a build with CUDA has, and one without lacks (without_cuda.cc).
#ifndef RNNFARM_WORKER_ENGINE_CUDA_AVAILABLE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_AVAILABLE_H_

#include <string>
#include <vector>

#include "worker/engine/cuda/parts.h"
#include "worker/engine/device.h"

namespace rnnfarm::engine::cuda {

// Adds the usable devices. Otherwise why there is none, in one sentence.
std::string FindCudaDevices(std::vector<Device>& devices);

// Makes Parts on a device of those.
std::unique_ptr<Parts> MakeCudaParts(int device, const Layout& layout, Rounding rounding,
                                     const Trials& trials, std::vector<Slot> slots);

BlockLimits LimitsOfBlocks(int device);

// Of the device's memory.
int64_t FreeBytes(int device);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_AVAILABLE_H_
