// Eight float32 numbers in one register of AVX2 with FMA. Include it only where the compiler may
// use those instructions. The same operations as vector_avx512.h, with the same bits as results.
#ifndef RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX2_H_
#define RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX2_H_

#include <immintrin.h>

namespace rnnfarm::engine::cpu {

struct Avx2 {
  using F = __m256;
  static constexpr int kLanes = 8;
  // Twelve sums, three factors and one vector of weights are the sixteen registers.
  static constexpr int kTileRows = 3;

  static F Zero() { return _mm256_setzero_ps(); }
  static F Set(float x) { return _mm256_set1_ps(x); }
  static F Load(const float* from) { return _mm256_loadu_ps(from); }
  static void Store(float* to, F x) { _mm256_storeu_ps(to, x); }
  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm256_div_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F Fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static F AtLeast(float limit, F x) { return _mm256_max_ps(Set(limit), x); }
  static F AtMost(float limit, F x) { return _mm256_min_ps(Set(limit), x); }
  static F WherePositive(F x, F y) {
    return _mm256_and_ps(_mm256_cmp_ps(x, Zero(), _CMP_GT_OQ), y);
  }
  static F PowerOfTwo(F shifted) {
    const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(n, _mm256_set1_epi32(127 << 23)));
  }
  static float Sum(const F (&x)[2]) {
    const __m256 eight = _mm256_add_ps(x[0], x[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX2_H_
