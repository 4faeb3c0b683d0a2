#include <immintrin.h>

#include "worker/dynamics/dense/factor.h"

namespace rnnfarm::dynamics::dense {
namespace {

struct Avx2 {
  using V = __m256d;
  // Twelve sums, three vectors of b and one factor are the sixteen registers.
  static constexpr int kLanes = 4, kTileRows = 4, kTileVectors = 3;
  static V Zero() { return _mm256_setzero_pd(); }
  static V Set(double x) { return _mm256_set1_pd(x); }
  static V Load(const double* from) { return _mm256_loadu_pd(from); }
  static void Store(double* to, V x) { _mm256_storeu_pd(to, x); }
  static V Mul(V a, V b) { return _mm256_mul_pd(a, b); }
  static V Fma(V a, V b, V c) { return _mm256_fmadd_pd(a, b, c); }
  static V Fnma(V a, V b, V c) { return _mm256_fnmadd_pd(a, b, c); }
};

}  // namespace

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels = Instantiation<Avx2>::Table("avx2");

}  // namespace rnnfarm::dynamics::dense
