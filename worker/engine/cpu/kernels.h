// The arithmetic of the fused engine, compiled once for each instruction set; one is chosen when
// the program runs. All work on one slab in the memory of layout.h, allocate nothing, and give the
// same bits (Portable only where the processor's own code has fused multiply-add).
#ifndef RNNFARM_WORKER_ENGINE_CPU_KERNELS_H_
#define RNNFARM_WORKER_ENGINE_CPU_KERNELS_H_

#include <cstdint>
#include <vector>

#include "worker/engine/cpu/layout.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::engine::cpu {

struct Kernels {
  // The weights as the kernels read them, from parameters by rnn::ParameterLayout. `gate_bias` is
  // added to the gate that has one.
  using Pack = void (*)(const rnn::CellSpec& cell, const Layout& layout, const float* parameters,
                        float* packed);
  // Writes states, what Backward needs, and ∂loss/∂y; the sum of mask · (y - target)².
  using Forward = double (*)(const Layout& layout, const float* packed, const Slab& slab);
  // Adds the slab's gradient to `gradient`, laid out by GradientSums. After Forward.
  using Backward = void (*)(const Layout& layout, const float* packed, const Slab& slab,
                            float* gradient);
  // out[i] = f(x[i]), i < n, n a multiple of kUnitPadding.
  using Pointwise = void (*)(const float* x, float* out, int64_t n);

  const char* name;  // "avx512", "avx2" or "portable"
  Pack pack;
  Forward (*forward)(rnn::Architecture architecture, rnn::Activation activation);
  Backward (*backward)(rnn::Architecture architecture, rnn::Activation activation);
  Pointwise tanh, sigmoid, exp;
};

// Those that this build has and this processor can run, the fastest first; never empty.
std::vector<const Kernels*> UsableKernels();

Layout LayoutOf(const rnn::CellSpec& cell);

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_KERNELS_H_
