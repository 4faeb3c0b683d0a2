#include "worker/task/sine.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/vector_unit.h"

namespace rnnfarm::task {

namespace {

// Phases count 2^-64 cycles and wrap around by themselves. They start half a cycle ahead, so that
// the upper bits as the fraction of a number in [1, 2), less 1.5, are cycles in [-1/2, 1/2).
constexpr uint64_t kHalfCycle = uint64_t{1} << 63;

RNNFARM_ALWAYS_INLINE float SineOfPhase(uint64_t phase) {
  constexpr uint64_t kBitsOfOne = 0x3ff0000000000000;
  const double cycles = std::bit_cast<double>((phase >> 12) | kBitsOfOne) - 1.5;
  // Distance to the nearest zero of the sine, in [0, 1/4]: exact.
  const double m = 0.25 - std::abs(std::abs(cycles) - 0.25);
  const double w = m * m;
  // sin(2 pi m) / m by Chebyshev's fit in w on [0, 1/16], its error below 1e-15.
  double p = -0.69250670107207168;
  p = p * w + 3.817365633469135;
  p = p * w - 15.094506140734291;
  p = p * w + 42.058689953950939;
  p = p * w - 76.705859689628667;
  p = p * w + 81.605249275579766;
  p = p * w - 41.341702240398284;
  p = p * w + 6.2831853071795853;
  return static_cast<float>(std::copysign(m * p, cycles));
}

RNNFARM_ALWAYS_INLINE void Sines(uint64_t step, size_t size, float* __restrict out) {
  uint64_t phase = kHalfCycle;
  for (size_t k = 0; k < size; ++k, phase += step) out[k] = SineOfPhase(phase);
}

void SinesBaseline(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
#ifdef __x86_64__
RNNFARM_AVX2 void SinesAvx2(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
RNNFARM_AVX512 void SinesAvx512(uint64_t step, size_t size, float* out) { Sines(step, size, out); }
#endif

}  // namespace

void FillSine(double frequency, absl::Span<float> out) {
  const auto step = static_cast<uint64_t>(frequency * 0x1p64);
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
