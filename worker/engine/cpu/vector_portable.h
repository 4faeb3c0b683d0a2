// Four float32 numbers by the compiler's own vectors, on any processor. Where that has no fused
// multiply-add the product is rounded before the sum, so results then differ in rounding from
// vector_avx2.h and vector_avx512.h.
#ifndef RNNFARM_WORKER_ENGINE_CPU_VECTOR_PORTABLE_H_
#define RNNFARM_WORKER_ENGINE_CPU_VECTOR_PORTABLE_H_

#include <cstdint>
#include <cstring>

namespace rnnfarm::engine::cpu {

struct Portable {
  typedef float F __attribute__((vector_size(16)));
  typedef int32_t Mask __attribute__((vector_size(16)));
  static constexpr int kLanes = 4;
  static constexpr int kTileRows = 3;

  static F Zero() { return F{}; }
  static F Set(float x) { return F{x, x, x, x}; }
  static F Load(const float* from) {
    F x;
    std::memcpy(&x, from, sizeof(x));
    return x;
  }
  static void Store(float* to, F x) { std::memcpy(to, &x, sizeof(x)); }
  static F Add(F a, F b) { return a + b; }
  static F Sub(F a, F b) { return a - b; }
  static F Mul(F a, F b) { return a * b; }
  static F Div(F a, F b) { return a / b; }
#ifdef __FP_FAST_FMAF
  static F Fma(F a, F b, F c) {
    F x;
    for (int i = 0; i < kLanes; ++i) x[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return x;
  }
  static F Fnma(F a, F b, F c) { return Fma(-a, b, c); }
#else
  static F Fma(F a, F b, F c) { return a * b + c; }
  static F Fnma(F a, F b, F c) { return c - a * b; }
#endif
  static F AtLeast(float limit, F x) { return Select(x < Set(limit), Set(limit), x); }
  static F AtMost(float limit, F x) { return Select(x > Set(limit), Set(limit), x); }
  static F WherePositive(F x, F y) { return Select(x > Zero(), y, Zero()); }
  static F PowerOfTwo(F shifted) {
    typedef uint32_t Bits __attribute__((vector_size(16)));
    Bits bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits << 23) + (uint32_t{127} << 23);
    F x;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  }
  static float Sum(const F (&x)[4]) {
    const F four = (x[0] + x[2]) + (x[1] + x[3]);
    return (four[0] + four[2]) + (four[1] + four[3]);
  }

 private:
  static F Select(Mask mask, F a, F b) {
    Mask x, y;
    std::memcpy(&x, &a, sizeof(x));
    std::memcpy(&y, &b, sizeof(y));
    const Mask picked = (mask & x) | (~mask & y);
    std::memcpy(&a, &picked, sizeof(a));
    return a;
  }
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_VECTOR_PORTABLE_H_
