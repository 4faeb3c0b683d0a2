// What the tests of the CUDA engine's arithmetic run on: the processor (cuda_on_host.cc), or a
// device (cuda_on_device.cc).
#ifndef RNNFARM_TESTS_WORKER_ENGINE_PARTS_UNDER_TEST_H_
#define RNNFARM_TESTS_WORKER_ENGINE_PARTS_UNDER_TEST_H_

#include <string>

#include "worker/engine/cuda/parts.h"

namespace rnnfarm::engine::cuda {

MakeParts PartsUnderTest();

// Of its blocks; all that there are kernels for fit on the processor.
BlockLimits LimitsUnderTest();

// Why there is nothing to run on; empty: there is.
std::string WhyNot();

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_TESTS_WORKER_ENGINE_PARTS_UNDER_TEST_H_
