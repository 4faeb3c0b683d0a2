#include <immintrin.h>

#include "worker/dynamics/dense/factor.h"

namespace rnnfarm::dynamics::dense {
namespace {

struct Avx512 {
  using V = __m512d;
  static constexpr int kLanes = 8, kTileRows = 6, kTileVectors = 3;
  static V Zero() { return _mm512_setzero_pd(); }
  static V Set(double x) { return _mm512_set1_pd(x); }
  static V Load(const double* from) { return _mm512_loadu_pd(from); }
  static void Store(double* to, V x) { _mm512_storeu_pd(to, x); }
  static V Mul(V a, V b) { return _mm512_mul_pd(a, b); }
  static V Fma(V a, V b, V c) { return _mm512_fmadd_pd(a, b, c); }
  static V Fnma(V a, V b, V c) { return _mm512_fnmadd_pd(a, b, c); }
};

}  // namespace

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels = Instantiation<Avx512>::Table("avx512");

}  // namespace rnnfarm::dynamics::dense
