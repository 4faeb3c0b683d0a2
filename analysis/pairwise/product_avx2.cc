#include <immintrin.h>

#include "analysis/pairwise/product_kernel.h"

namespace rnnfarm::analysis {
namespace {

struct Avx2 {
  using V = __m256;
  // Twelve sums, two vectors of b and one factor of sixteen registers.
  static constexpr int kLanes = 8, kTileRows = 6, kTileVectors = 2;
  static V Zero() { return _mm256_setzero_ps(); }
  static V Set(float x) { return _mm256_set1_ps(x); }
  static V Load(const float* from) { return _mm256_loadu_ps(from); }
  static void Store(float* to, V x) { _mm256_storeu_ps(to, x); }
  static V Add(V a, V b) { return _mm256_add_ps(a, b); }
  static V Fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
};

}  // namespace

extern const ProductKernel kAvx2Product;
const ProductKernel kAvx2Product = ProductInstantiation<Avx2>::Table("avx2");

}  // namespace rnnfarm::analysis
