// The memory that one network is trained in: one block, taken once.
#ifndef RNNFARM_WORKER_ENGINE_CPU_MEMORY_H_
#define RNNFARM_WORKER_ENGINE_CPU_MEMORY_H_

#include <cstdint>
#include <memory>

#include "worker/engine/cpu/layout.h"

namespace rnnfarm::engine::cpu {

// What there must be room for.
struct Extent {
  int rows = 0;   // of one slab
  int steps = 0;  // of the longest trial
  int noise_rows = 0;
};

struct Unmap {
  void operator()(void* block) const;
  int64_t bytes;
};

struct Memory {
  Memory(const Layout& layout, Extent extent);

  float* packed = nullptr;  // PackedWeights
  float* sums = nullptr;    // GradientSums
  float* noise = nullptr;   // (noise_rows, steps, units) and kUnitPadding more
  Slab slab;                // its pointers, rows and block_steps; x and 1 are not in it yet
  int64_t bytes = 0;

 private:
  std::unique_ptr<void, Unmap> block_{nullptr, Unmap{0}};
};

// What Memory takes.
int64_t MemoryBytes(const Layout& layout, Extent extent);

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_MEMORY_H_
