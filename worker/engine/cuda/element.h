// One number of a network on a device, and where the cells (engine/cells.h) find the values of one
// unit of one row: in registers.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_ELEMENT_H_
#define RNNFARM_WORKER_ENGINE_CUDA_ELEMENT_H_

#include <cmath>
#include <cstdint>

#include "base/host_device.h"
#include "worker/engine/cells.h"
#include "worker/rnn/architecture.h"

namespace rnnfarm::engine::cuda {

// The numbers V of engine/cells.h and engine/pointwise.h.
struct Scalar {
  using F = float;
  static RNNFARM_HD_INLINE F Zero() { return 0; }
  static RNNFARM_HD_INLINE F Set(float x) { return x; }
  static RNNFARM_HD_INLINE F Load(const float* from) { return *from; }
  static RNNFARM_HD_INLINE void Store(float* to, F x) { *to = x; }
  static RNNFARM_HD_INLINE F Add(F a, F b) { return a + b; }
  static RNNFARM_HD_INLINE F Sub(F a, F b) { return a - b; }
  static RNNFARM_HD_INLINE F Mul(F a, F b) { return a * b; }
  // Divisors are at least 1 here, and below 2^126: what the device's quick division asks for.
  static RNNFARM_HD_INLINE F Div(F a, F b) {
#ifdef __CUDA_ARCH__
    return __fdividef(a, b);
#else
    return a / b;
#endif
  }
  static RNNFARM_HD_INLINE F Fma(F a, F b, F c) { return base::MultiplyAdd(a, b, c); }
  static RNNFARM_HD_INLINE F Fnma(F a, F b, F c) { return base::MultiplyAdd(-a, b, c); }
  // Not fminf and fmaxf: a NaN has to stay one.
  static RNNFARM_HD_INLINE F AtLeast(float limit, F x) { return x < limit ? limit : x; }
  static RNNFARM_HD_INLINE F AtMost(float limit, F x) { return x > limit ? limit : x; }
  static RNNFARM_HD_INLINE F WherePositive(F x, F y) { return x > 0 ? y : 0; }
  static RNNFARM_HD_INLINE F PowerOfTwo(F shifted) {
    const uint32_t bits = (__builtin_bit_cast(uint32_t, shifted) << 23) + (uint32_t{127} << 23);
    return __builtin_bit_cast(float, bits);
  }
};

struct Nowhere {};

struct Element {
  mutable float h_ = 0, next_h_ = 0, c_ = 0, next_c_ = 0, reset_h_ = 0, carry_ = 0, cell_carry_ = 0;
  mutable float kept_[5] = {};
  mutable float gate_[4] = {};
  float noise_ = 0, alpha_ = 0;

  RNNFARM_HD_INLINE float* h(Nowhere) const { return &h_; }
  RNNFARM_HD_INLINE float* next_h(Nowhere) const { return &next_h_; }
  RNNFARM_HD_INLINE float* c(Nowhere) const { return &c_; }
  RNNFARM_HD_INLINE float* next_c(Nowhere) const { return &next_c_; }
  RNNFARM_HD_INLINE float* kept(Nowhere, int value) const { return &kept_[value]; }
  RNNFARM_HD_INLINE float* reset_h(Nowhere) const { return &reset_h_; }
  RNNFARM_HD_INLINE const float* noise(Nowhere) const { return &noise_; }
  RNNFARM_HD_INLINE float* gate(Nowhere, int gate) const { return &gate_[gate]; }
  RNNFARM_HD_INLINE float* carry(Nowhere) const { return &carry_; }
  RNNFARM_HD_INLINE float* cell_carry(Nowhere) const { return &cell_carry_; }
  RNNFARM_HD_INLINE float alpha() const { return alpha_; }
};

// f(Cell<Scalar, A>(), A()) for the cell and activation that a network has.
template <class A, class F>
auto WithCell(rnn::Architecture architecture, F f) {
  switch (architecture) {
    case rnn::Architecture::kUgrnn:
      return f(UgrnnCell<Scalar, A>(), A());
    case rnn::Architecture::kGru:
      return f(GruCell<Scalar, A>(), A());
    case rnn::Architecture::kLstm:
      return f(LstmCell<Scalar, A>(), A());
    case rnn::Architecture::kLeaky:
      return f(LeakyCell<Scalar, A>(), A());
    case rnn::Architecture::kVanilla:
      break;
  }
  return f(VanillaCell<Scalar, A>(), A());
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_ELEMENT_H_
