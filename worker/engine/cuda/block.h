// What a kernel knows of the threads that run it. A kernel is a struct of plain numbers and
// pointers with
//
//   static constexpr int kThreads = 256;
//   template <class Block>
//   RNNFARM_HD void operator()(const Block& block) const;
//
// which says what all threads of one block do, phase by phase:
//
//   block.ForEach([&](int thread) { … });  // and then a barrier
//
// On a device every thread calls the lambda once; on the processor one thread calls it for all, one
// after the other, so that tests run the very statements of a kernel without a device. In a phase
// threads must not read what others write.
//
// A kernel of clusters has kBlocks too, and is given a cluster of so many blocks, which see each
// other's memory:
//
//   cluster.ForEach([&](int rank, int thread) { … });  // of all blocks, and then a barrier of all
//   cluster.own(rank)     // the memory of the block that the lambda is called for
//   cluster.shared(other) // that of any; not in the first phase, nor behind the last barrier
//
// What a thread keeps from phase to phase is in a Block::PerThread or Cluster::PerThread.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_BLOCK_H_
#define RNNFARM_WORKER_ENGINE_CUDA_BLOCK_H_

#ifdef __CUDACC__
#include <cooperative_groups.h>
#endif

#include <cstdint>
#include <utility>
#include <vector>

#include "base/host_device.h"

namespace rnnfarm::engine::cuda {

#ifdef __CUDACC__

extern __shared__ float4 rnnfarm_shared[];

// Inside a kernel of a device.
template <int kThreads>
class DeviceBlock {
 public:
  __device__ __forceinline__ int64_t index() const { return blockIdx.x; }
  // Of the block's own memory, 16-byte aligned.
  __device__ __forceinline__ float* shared() const {
    return reinterpret_cast<float*>(rnnfarm_shared);
  }
  template <class F>
  __device__ __forceinline__ void ForEach(F f) const {
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  // What a thread keeps from one phase to the next.
  template <class T>
  class PerThread {
   public:
    __device__ __forceinline__ T& operator[](int) { return value_; }

   private:
    T value_{};
  };
};

// More blocks than one need compute capability 9.0.
template <int kThreads, int kBlocks>
class DeviceCluster {
 public:
  __device__ __forceinline__ int64_t index() const { return blockIdx.x / kBlocks; }
  __device__ __forceinline__ float* own(int) const {
    return reinterpret_cast<float*>(rnnfarm_shared);
  }
  // The memory of the block `rank` of this cluster. Its own is reached more quickly by own().
  __device__ __forceinline__ float* shared(int rank) const {
    if constexpr (kBlocks == 1) {
      return own(rank);
    } else {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
      return cooperative_groups::this_cluster().map_shared_rank(own(rank), rank);
#else
      return nullptr;
#endif
    }
  }
  template <class F>
  __device__ __forceinline__ void ForEach(F f) const {
    f(static_cast<int>(blockIdx.x % kBlocks), static_cast<int>(threadIdx.x));
    Meet();
  }
  template <class T>
  class PerThread {
   public:
    __device__ __forceinline__ T& At(int, int) { return value_; }

   private:
    T value_{};
  };

 private:
  __device__ __forceinline__ static void Meet() {
    if constexpr (kBlocks == 1) {
      __syncthreads();
    } else {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
      cooperative_groups::this_cluster().sync();
#else
      __trap();
#endif
    }
  }
};

#endif

// On the processor.
template <int kThreads>
class HostBlock {
 public:
  // `backwards`: the last thread first. A phase in which threads read what others write shows by
  // the difference.
  HostBlock(int64_t index, float* shared, bool backwards = false)
      : index_(index), shared_(shared), backwards_(backwards) {}
  int64_t index() const { return index_; }
  float* shared() const { return shared_; }
  template <class F>
  void ForEach(F f) const {
    for (int i = 0; i < kThreads; ++i) f(backwards_ ? kThreads - 1 - i : i);
  }
  template <class T>
  class PerThread {
   public:
    T& operator[](int thread) { return values_[thread]; }

   private:
    std::vector<T> values_ = std::vector<T>(kThreads);
  };

 private:
  const int64_t index_;
  float* const shared_;
  const bool backwards_;
};

template <int kThreads, int kBlocks>
class HostCluster {
 public:
  // `shared`: of each block. `backwards` as above, the last block first.
  HostCluster(int64_t index, std::vector<float*> shared, bool backwards = false)
      : index_(index), shared_(std::move(shared)), backwards_(backwards) {}
  int64_t index() const { return index_; }
  float* own(int rank) const { return shared_[rank]; }
  float* shared(int rank) const { return shared_[rank]; }
  template <class F>
  void ForEach(F f) const {
    for (int i = 0; i < kBlocks * kThreads; ++i) {
      const int n = backwards_ ? kBlocks * kThreads - 1 - i : i;
      f(n / kThreads, n % kThreads);
    }
  }
  template <class T>
  class PerThread {
   public:
    T& At(int rank, int thread) { return values_[rank * kThreads + thread]; }

   private:
    std::vector<T> values_ = std::vector<T>(kBlocks * kThreads);
  };

 private:
  const int64_t index_;
  const std::vector<float*> shared_;
  const bool backwards_;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_BLOCK_H_
