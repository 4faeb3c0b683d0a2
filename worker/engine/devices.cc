#include "worker/engine/devices.h"

#include "absl/status/status.h"

namespace rnnfarm::engine {

absl::StatusOr<std::vector<Device>> FindDevices() {
  return absl::FailedPreconditionError(
      "this build is without CUDA; configure with -DRNNFARM_CUDA=ON and a CUDA compiler");
}

}  // namespace rnnfarm::engine
