// The machine of worker/engine/cuda/population_on.h on the processor: the very statements of the
// kernels, block after block, and products as their definition reads.
#ifndef RNNFARM_TESTS_WORKER_ENGINE_HOST_MACHINE_H_
#define RNNFARM_TESTS_WORKER_ENGINE_HOST_MACHINE_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "worker/engine/cuda/block.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

class HostMachine {
 public:
  inline static int64_t taken = 0;       // bytes that machines have been asked for
  inline static bool backwards = false;  // blocks' threads, and blocks

  template <class T>
  T* Allocate(int64_t count) {
    taken += count * static_cast<int64_t>(sizeof(T));
    memory_.push_back(
        std::make_unique<Line[]>((count * sizeof(T) + sizeof(Line) - 1) / sizeof(Line)));
    return reinterpret_cast<T*>(memory_.back().get());
  }
  template <class T>
  void Upload(T* to, const T* from, int64_t count) {
    if (count > 0) std::memcpy(to, from, count * sizeof(T));
  }
  template <class T>
  void Download(T* to, const T* from, int64_t count) {
    Upload(to, from, count);
  }

  // A block's memory is taken anew, so that sanitizers see who goes beyond it, and is no number at
  // first, as a device's may be.
  template <class Kernel>
  void Launch(const Kernel& kernel, int64_t blocks, int64_t shared_floats) {
    for (int64_t n = 0; n < blocks; ++n) {
      const int64_t i = backwards ? blocks - 1 - n : n;
      const Shared shared(shared_floats);
      kernel(HostBlock<Kernel::kThreads>(i, shared.floats(), backwards));
    }
  }
  template <class Kernel>
  void LaunchClusters(const Kernel& kernel, int64_t clusters, int64_t shared_floats) {
    for (int64_t n = 0; n < clusters; ++n) {
      const int64_t i = backwards ? clusters - 1 - n : n;
      const std::vector<Shared> shared(Kernel::kBlocks, Shared(shared_floats));
      std::vector<float*> floats;
      for (const Shared& each : shared) floats.push_back(each.floats());
      kernel(HostCluster<Kernel::kThreads, Kernel::kBlocks>(i, floats, backwards));
    }
  }

  void Multiply(const Product& p) {
    for (int64_t slot = 0; slot < p.slots; ++slot) {
      for (int64_t i = 0; i < p.m; ++i) {
        for (int64_t j = 0; j < p.n; ++j) {
          float sum = 0;
          for (int64_t k = 0; k < p.k; ++k) sum += At(p.a, slot, i, k) * At(p.b, slot, k, j);
          float& c = p.c[slot * p.c_slot + i * p.c_row + j];
          c = p.beta == 0 ? sum : sum + p.beta * c;
        }
      }
    }
  }

  template <class F>
  void Replay(int, F launches) {
    launches();
  }

 private:
  static constexpr int kLineFloats = 4;
  struct alignas(16) Line {
    float x[kLineFloats];
  };

  // A block's memory.
  class Shared {
   public:
    explicit Shared(int64_t floats) : lines_(floats / kLineFloats + 1) {
      std::memset(lines_.data(), 0xff, lines_.size() * sizeof(Line));
    }
    float* floats() const { return reinterpret_cast<float*>(lines_.data()); }

   private:
    mutable std::vector<Line> lines_;
  };

  static float At(const Product::Factor& factor, int64_t slot, int64_t i, int64_t j) {
    const float* first = factor.first + slot * factor.slot;
    return factor.transposed ? first[j * factor.row + i] : first[i * factor.row + j];
  }

  std::vector<std::unique_ptr<Line[]>> memory_;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_TESTS_WORKER_ENGINE_HOST_MACHINE_H_
