#include "tests/worker/engine/parts_under_test.h"
#include "worker/engine/cuda/available.h"
#include "worker/engine/devices.h"

namespace rnnfarm::engine::cuda {

MakeParts PartsUnderTest() { return &MakeCudaParts; }

BlockLimits LimitsUnderTest() { return LimitsOfBlocks(0); }

// Asked once: after a kernel that crashed there would be no device, and the tests behind it would
// be skipped.
std::string WhyNot() {
  static const std::string why = [] {
    const auto devices = FindDevices();
    return devices.ok() ? std::string() : std::string(devices.status().message());
  }();
  return why;
}

}  // namespace rnnfarm::engine::cuda
