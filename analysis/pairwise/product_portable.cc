#include "analysis/pairwise/product_kernel.h"

namespace rnnfarm::analysis {
namespace {

struct Portable {
  using V = float;
  static constexpr int kLanes = 1, kTileRows = 4, kTileVectors = 8;
  static V Zero() { return 0; }
  static V Set(float x) { return x; }
  static V Load(const float* from) { return *from; }
  static void Store(float* to, V x) { *to = x; }
  static V Add(V a, V b) { return a + b; }
  static V Fma(V a, V b, V c) { return c + a * b; }
};

}  // namespace

extern const ProductKernel kPortableProduct;
const ProductKernel kPortableProduct = ProductInstantiation<Portable>::Table("portable");

}  // namespace rnnfarm::analysis
