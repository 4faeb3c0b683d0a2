#include "worker/engine/devices.h"

#include "absl/status/status.h"
#include "worker/engine/cuda/available.h"

namespace rnnfarm::engine {

absl::StatusOr<std::vector<Device>> FindDevices() {
  std::vector<Device> devices;
  const std::string wrong = cuda::FindCudaDevices(devices);
  if (!wrong.empty()) return absl::FailedPreconditionError(wrong);
  return devices;
}

}  // namespace rnnfarm::engine
