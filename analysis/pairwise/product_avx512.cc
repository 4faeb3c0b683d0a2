#include <immintrin.h>

#include "analysis/pairwise/product_kernel.h"

namespace rnnfarm::analysis {
namespace {

struct Avx512 {
  using V = __m512;
  static constexpr int kLanes = 16, kTileRows = 12, kTileVectors = 2;
  static V Zero() { return _mm512_setzero_ps(); }
  static V Set(float x) { return _mm512_set1_ps(x); }
  static V Load(const float* from) { return _mm512_loadu_ps(from); }
  static void Store(float* to, V x) { _mm512_storeu_ps(to, x); }
  static V Add(V a, V b) { return _mm512_add_ps(a, b); }
  static V Fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace

extern const ProductKernel kAvx512Product;
const ProductKernel kAvx512Product = ProductInstantiation<Avx512>::Table("avx512");

}  // namespace rnnfarm::analysis
