#include "worker/task/sine.h"

#include <cstdint>

#include "base/vector_unit.h"
#include "worker/task/trial_values.h"

namespace rnnfarm::task {

namespace {

RNNFARM_ALWAYS_INLINE void Sines(uint64_t step, size_t size, float* __restrict out) {
  uint64_t phase = kFirstPhase;
  for (size_t k = 0; k < size; ++k, phase += step) out[k] = SineOfPhase(phase);
}

void SinesBaseline(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
#ifdef __x86_64__
RNNFARM_AVX2 void SinesAvx2(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
RNNFARM_AVX512 void SinesAvx512(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
#endif

}  // namespace

void FillSine(double frequency, absl::Span<float> out) {
  const uint64_t step = PhaseOfStep(frequency);
  switch (base::VectorUnitInUse()) {
#ifdef __x86_64__
    case base::VectorUnit::kAvx512:
      return SinesAvx512(step, out.size(), out.data());
    case base::VectorUnit::kAvx2:
      return SinesAvx2(step, out.size(), out.data());
#endif
    default:
      return SinesBaseline(step, out.size(), out.data());
  }
}

}  // namespace rnnfarm::task
