#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/available.h"
#include "worker/engine/devices.h"

namespace rnnfarm::engine::cuda {

MakeParts PartsUnderTest() { return &MakeCudaParts; }

std::string WhyNot() {
  const auto devices = FindDevices();
  return devices.ok() ? "" : std::string(devices.status().message());
}

}  // namespace rnnfarm::engine::cuda
