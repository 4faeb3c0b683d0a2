#include "analysis/pairwise/product.h"

namespace rnnfarm::analysis {

#ifdef __x86_64__
extern const ProductKernel kAvx512Product, kAvx2Product;
#endif
extern const ProductKernel kPortableProduct;

std::vector<const ProductKernel*> UsableProductKernels() {
  std::vector<const ProductKernel*> usable;
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f")) usable.push_back(&kAvx512Product);
  if (avx2) usable.push_back(&kAvx2Product);
#endif
  usable.push_back(&kPortableProduct);
  return usable;
}

}  // namespace rnnfarm::analysis
