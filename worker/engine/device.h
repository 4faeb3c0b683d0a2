// A device beside the processor.
#ifndef RNNFARM_WORKER_ENGINE_DEVICE_H_
#define RNNFARM_WORKER_ENGINE_DEVICE_H_

#include <cstdint>
#include <string>

namespace rnnfarm::engine {

struct Device {
  int index = 0;             // among the visible ones
  std::string name;          // such as "NVIDIA H100 80GB HBM3"
  int64_t memory_bytes = 0;  // in all
  int multiprocessors = 0;
  double peak_flops = 0;  // float32 multiply-adds by clock and cores, two operations each
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_DEVICE_H_
