// Sixteen float32 numbers in one register of AVX-512F. Include it only where the compiler may use
// those instructions.
#ifndef RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX512_H_
#define RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX512_H_

#include <immintrin.h>

namespace rnnfarm::engine::cpu {

struct Avx512 {
  using F = __m512;
  static constexpr int kLanes = 16;
  // Rows of a product's tile: with four vectors a row, sixteen sums hide the latency of each.
  static constexpr int kTileRows = 4;

  static F Zero() { return _mm512_setzero_ps(); }
  static F Set(float x) { return _mm512_set1_ps(x); }
  static F Load(const float* from) { return _mm512_loadu_ps(from); }
  static void Store(float* to, F x) { _mm512_storeu_ps(to, x); }
  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm512_div_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }    // a b + c
  static F Fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a b
  // The limit where x is beyond it; NaN stays.
  static F AtLeast(float limit, F x) { return _mm512_max_ps(Set(limit), x); }
  static F AtMost(float limit, F x) { return _mm512_min_ps(Set(limit), x); }
  // y where x > 0, else 0.
  static F WherePositive(F x, F y) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, Zero(), _CMP_GT_OQ), y);
  }
  // 2^n of n + 1.5 · 2^23, whose lowest bits are n's, for whole n from -126 to 127.
  static F PowerOfTwo(F shifted) {
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(n, _mm512_set1_epi32(127 << 23)));
  }
  // The sum of sixteen lanes, halving: lane i with i + 8, i + 4, i + 2, i + 1.
  static float Sum(const F (&x)[1]) {
    const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x[0]), 1));
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x[0]), upper);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_VECTOR_AVX512_H_
