// The machine of population_on.h that is a CUDA device. One thread at a time.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_CUDA_MACHINE_CUH_
#define RNNFARM_WORKER_ENGINE_CUDA_CUDA_MACHINE_CUH_

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "worker/engine/cuda/block.h"
#include "worker/engine/cuda/cublas.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

inline void Check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // what can be mended does not fail the next call too
  if (error == cudaErrorMemoryAllocation) throw std::bad_alloc();
  throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(error));
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads)
    RunKernel(const __grid_constant__ Kernel kernel) {
  kernel(DeviceBlock<Kernel::kThreads>());
}

// Of several blocks none leaves room for another one beside it.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads, Kernel::kBlocks > 1 ? 1 : 0)
    RunClusters(const __grid_constant__ Kernel kernel) {
  kernel(DeviceCluster<Kernel::kThreads, Kernel::kBlocks>());
}

class CudaMachine {
 public:
  CudaMachine(int device, Rounding rounding);
  ~CudaMachine();
  CudaMachine(const CudaMachine&) = delete;
  CudaMachine& operator=(const CudaMachine&) = delete;

  template <class T>
  T* Allocate(int64_t count) {
    return static_cast<T*>(AllocateBytes(count * sizeof(T)));
  }
  template <class T>
  void Upload(T* to, const T* from, int64_t count) {
    Copy(to, from, count * sizeof(T), cudaMemcpyHostToDevice);
  }
  template <class T>
  void Download(T* to, const T* from, int64_t count) {
    Copy(to, from, count * sizeof(T), cudaMemcpyDeviceToHost);
  }

  template <class Kernel>
  void Launch(const Kernel& kernel, int64_t blocks, int64_t shared_floats) {
    LaunchBlocks(RunKernel<Kernel>, kernel, blocks, 1, shared_floats);
  }
  template <class Kernel>
  void LaunchClusters(const Kernel& kernel, int64_t clusters, int64_t shared_floats) {
    LaunchBlocks(RunClusters<Kernel>, kernel, clusters * Kernel::kBlocks, Kernel::kBlocks,
                 shared_floats);
  }

  // Before the first product.
  void PrepareProducts();
  void Multiply(const Product& product);

  // The first time as they are, so that everything is loaded before anything is recorded.
  template <class F>
  void Replay(int key, F launches) {
    Check(cudaSetDevice(device_), "choosing the device");
    Recording& recording = recordings_[key];
    if (!recording.launched) {
      recording.launched = true;
      return launches();
    }
    if (recording.graph == nullptr && !Record(launches, recording)) return launches();
    Check(cudaGraphLaunch(recording.graph, stream_), "launching a graph");
  }

 private:
  static constexpr size_t kSharedWithoutAsking = 48 << 10;

  static constexpr int kMostFailures = 8;  // of one recording

  struct Recording {
    bool launched = false;
    int failures = 0;
    cudaGraphExec_t graph = nullptr;
  };

  // False if nothing came of it: what other threads of the process ask of the device may spoil it.
  // Nothing has been launched then.
  template <class F>
  bool Record(F launches, Recording& recording) {
    BeginRecording();
    try {
      launches();
      recording.graph = EndRecording();
    } catch (const std::bad_alloc&) {
      AbandonRecording();
      throw;
    } catch (const std::runtime_error&) {
      AbandonRecording();
      if (++recording.failures == kMostFailures) throw;
    }
    return recording.graph != nullptr;
  }

  template <class Kernel>
  void LaunchBlocks(void (*run)(Kernel), const Kernel& kernel, int64_t blocks, int cluster,
                    int64_t shared_floats) {
    const size_t bytes = shared_floats * sizeof(float);
    if (bytes > kSharedWithoutAsking) {
      Check(cudaFuncSetAttribute(run, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(bytes)),
            "asking for a block's memory");
    }
    cudaLaunchAttribute together = {};
    together.id = cudaLaunchAttributeClusterDimension;
    together.val.clusterDim = {static_cast<unsigned>(cluster), 1, 1};
    cudaLaunchConfig_t launch = {};
    launch.gridDim = dim3(static_cast<unsigned>(blocks));
    launch.blockDim = dim3(Kernel::kThreads);
    launch.dynamicSmemBytes = bytes;
    launch.stream = stream_;
    launch.attrs = &together;
    launch.numAttrs = cluster > 1 ? 1 : 0;
    Check(cudaLaunchKernelEx(&launch, run, kernel), "launching a kernel");
  }

  void* AllocateBytes(size_t bytes);
  void Copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind);
  void BeginRecording();
  cudaGraphExec_t EndRecording();
  void AbandonRecording();

  const int device_;
  const Rounding rounding_;
  cudaStream_t stream_ = nullptr;
  std::vector<void*> memory_;
  std::unique_ptr<Cublas> cublas_;
  std::map<int, Recording> recordings_;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_CUDA_MACHINE_CUH_
