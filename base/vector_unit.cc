#include "base/vector_unit.h"

#include <algorithm>
#include <atomic>

namespace rnnfarm::base {

namespace {

VectorUnit WidestOfProcessor() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return VectorUnit::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) return VectorUnit::kAvx2;
#endif
  return VectorUnit::kBaseline;
}

std::atomic<VectorUnit>& Unit() {
  static std::atomic<VectorUnit> unit = WidestOfProcessor();
  return unit;
}

}  // namespace

VectorUnit VectorUnitInUse() { return Unit().load(std::memory_order_relaxed); }

void LimitVectorUnit(VectorUnit widest) {
  Unit().store(std::min(widest, WidestOfProcessor()), std::memory_order_relaxed);
}

}  // namespace rnnfarm::base
