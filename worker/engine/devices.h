// Devices beside the processor that engines train on.
#ifndef RNNFARM_WORKER_ENGINE_DEVICES_H_
#define RNNFARM_WORKER_ENGINE_DEVICES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rnnfarm::engine {

struct Device {
  int index = 0;             // among the visible ones
  std::string name;          // such as "NVIDIA H100 80GB HBM3"
  int64_t memory_bytes = 0;  // in all
  int64_t free_bytes = 0;    // when it was asked
  int multiprocessors = 0;
  double peak_flops = 0;  // float32 multiply-adds by clock and cores, two operations each
};

// Those that the engine "cuda" can use, in CUDA's order (CUDA_VISIBLE_DEVICES chooses and orders).
// FAILED_PRECONDITION tells in one sentence why there is none: this build is without CUDA, the
// driver is missing or too old, no device is visible or none is recent enough.
absl::StatusOr<std::vector<Device>> FindDevices();

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_DEVICES_H_
