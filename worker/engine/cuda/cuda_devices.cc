#include <cuda_runtime_api.h>

#include <new>
#include <stdexcept>

#include "worker/engine/cuda/available.h"
#include "worker/engine/cuda/clusters.h"

namespace rnnfarm::engine::cuda {

namespace {

// Kernels are compiled for this compute capability and later ones.
constexpr int kLeastMajor = 8;
constexpr double kKilo = 1e3;

void Check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  throw std::runtime_error(std::string("CUDA: ") + what + ": " + cudaGetErrorString(error));
}

int Attribute(cudaDeviceAttr attribute, int device) {
  int value = 0;
  Check(cudaDeviceGetAttribute(&value, attribute, device), "asking the device");
  return value;
}

// Lanes for float32 of a multiprocessor: 64 for compute capability 8.0, 128 for all others here.
int Lanes(int major, int minor) { return major == 8 && minor == 0 ? 64 : 128; }

}  // namespace

// Makes no context: a device that others have filled is none of this process's business.
std::string FindCudaDevices(std::vector<Device>& devices) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();  // told here, and not to whoever asks next
  if (error == cudaErrorInsufficientDriver) {
    return "the CUDA driver is missing or older than this build's CUDA; install a newer driver";
  }
  if (error != cudaSuccess && error != cudaErrorNoDevice) {
    return std::string("CUDA does not start: ") + cudaGetErrorString(error);
  }
  if (count == 0) return "no CUDA device is visible; see CUDA_VISIBLE_DEVICES";
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    int kilohertz = 0;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess ||
        cudaDeviceGetAttribute(&kilohertz, cudaDevAttrClockRate, i) != cudaSuccess) {
      cudaGetLastError();
      continue;
    }
    if (properties.major < kLeastMajor) continue;
    Device device;
    device.index = i;
    device.name = properties.name;
    device.memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
    device.multiprocessors = properties.multiProcessorCount;
    device.peak_flops =
        2 * kKilo * kilohertz * Lanes(properties.major, properties.minor) * device.multiprocessors;
    devices.push_back(device);
  }
  if (devices.empty()) {
    return "no visible CUDA device answers and has compute capability 8.0 or more";
  }
  return "";
}

BlockLimits LimitsOfBlocks(int device) {
  return {Attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          Attribute(cudaDevAttrClusterLaunch, device) != 0 && ClustersAreCompiled(device)};
}

int64_t FreeBytes(int device) {
  Check(cudaSetDevice(device), "choosing the device");
  size_t free = 0, total = 0;
  Check(cudaMemGetInfo(&free, &total), "asking for its memory");
  return static_cast<int64_t>(free);
}

}  // namespace rnnfarm::engine::cuda
