#include "worker/dynamics/dense/dense.h"

namespace rnnfarm::dynamics::dense {

#ifdef __x86_64__
extern const Kernels kAvx512Kernels, kAvx2Kernels;
#endif
extern const Kernels kPortableKernels;

std::vector<const Kernels*> UsableKernels() {
  std::vector<const Kernels*> usable;
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f")) usable.push_back(&kAvx512Kernels);
  if (avx2) usable.push_back(&kAvx2Kernels);
#endif
  usable.push_back(&kPortableKernels);
  return usable;
}

}  // namespace rnnfarm::dynamics::dense
