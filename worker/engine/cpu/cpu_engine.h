// The fused engine: one network a core, kernels for the instruction set of the processor, no
// allocation and no lock in an iteration. docs/science.md states its arithmetic.
#ifndef RNNFARM_WORKER_ENGINE_CPU_CPU_ENGINE_H_
#define RNNFARM_WORKER_ENGINE_CPU_CPU_ENGINE_H_

#include <memory>

#include "worker/engine/cpu/kernels.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine::cpu {

inline constexpr absl::string_view kCpuEngine = "cpu";

// With the fastest of UsableKernels().
std::unique_ptr<Engine> MakeCpuEngine(Limits limits = {});
std::unique_ptr<Engine> MakeCpuEngine(Limits limits, const Kernels& kernels);

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_CPU_ENGINE_H_
