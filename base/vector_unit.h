// Which vectors of the processor our own loops use, chosen once when the program runs, so that one
// binary serves every x86-64 processor. A loop that exists for several units computes the same
// bytes on each: no fused multiply-add, no reordered sum, no call of the mathematical library.
//
//   RNNFARM_ALWAYS_INLINE void Body(absl::Span<float> out) { …a plain loop over lanes… }
//   RNNFARM_AVX512 void Avx512(absl::Span<float> out) { Body(out); }
//   RNNFARM_AVX2 void Avx2(absl::Span<float> out) { Body(out); }
//   void Baseline(absl::Span<float> out) { Body(out); }
//
// Such a file is compiled with the options of rnnfarm_vector_sources() (cmake/VectorSources.cmake).
#ifndef RNNFARM_BASE_VECTOR_UNIT_H_
#define RNNFARM_BASE_VECTOR_UNIT_H_

#define RNNFARM_ALWAYS_INLINE inline __attribute__((always_inline))

#ifdef __x86_64__
#define RNNFARM_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2")))
#define RNNFARM_AVX2 __attribute__((target("avx2")))
#endif

namespace rnnfarm::base {

enum class VectorUnit { kBaseline, kAvx2, kAvx512 };

// The widest that this processor has, or less after LimitVectorUnit.
VectorUnit VectorUnitInUse();

// For tests, which hold the units against each other. Never goes beyond the processor's own.
void LimitVectorUnit(VectorUnit widest);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_VECTOR_UNIT_H_
