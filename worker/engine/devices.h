// Devices beside the processor that engines train on.
#ifndef RNNFARM_WORKER_ENGINE_DEVICES_H_
#define RNNFARM_WORKER_ENGINE_DEVICES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "worker/engine/device.h"

namespace rnnfarm::engine {

// Those that the engine "cuda" can use, in CUDA's order (CUDA_VISIBLE_DEVICES chooses and orders).
// FAILED_PRECONDITION tells in one sentence why there is none: this build is without CUDA, the
// driver is missing or too old, no device is visible or none is recent enough.
absl::StatusOr<std::vector<Device>> FindDevices();

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_DEVICES_H_
