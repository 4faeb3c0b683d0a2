// Activations of a vector of numbers, in float32, from additions, multiplications and one division:
// the same bits on every processor with fused multiply-add. V is one of cpu/vector_*.h or
// cuda/element.h.
//
// Errors, tested over all of the range: tanh at most 3e-7 (4e-7 without fused multiply-add) and the
// sigmoid at most 2e-7, absolute; exp at most 2 units in the last place. Coefficients: our own
// minimax fits in float64, rounded.
#ifndef RNNFARM_WORKER_ENGINE_POINTWISE_H_
#define RNNFARM_WORKER_ENGINE_POINTWISE_H_

#include "base/host_device.h"

namespace rnnfarm::engine {

// x P(x²) / Q(x²), of degrees 4 and 4, constant beyond ±8, where tanh is 1 to 2.3e-7.
template <class V>
RNNFARM_HD_INLINE typename V::F Tanh(typename V::F x) {
  constexpr float kBound = 8;
  constexpr float kP[] = {0x1.fffffep-1f, 0x1.1336d2p-3f, 0x1.d32934p-9f, 0x1.6d4b52p-16f,
                          0x1.02c278p-26f};
  constexpr float kQ[] = {1, 0x1.def0b6p-2f, 0x1.ac3662p-6f, 0x1.646dfep-12f, 0x1.c5da26p-21f};
  x = V::AtMost(kBound, V::AtLeast(-kBound, x));
  const auto s = V::Mul(x, x);
  auto p = V::Fma(V::Set(kP[4]), s, V::Set(kP[3]));
  auto q = V::Fma(V::Set(kQ[4]), s, V::Set(kQ[3]));
  p = V::Fma(p, s, V::Set(kP[2]));
  q = V::Fma(q, s, V::Set(kQ[2]));
  p = V::Fma(p, s, V::Set(kP[1]));
  q = V::Fma(q, s, V::Set(kQ[1]));
  p = V::Fma(p, s, V::Set(kP[0]));
  q = V::Fma(q, s, V::Set(kQ[0]));
  return V::Div(V::Mul(p, x), q);
}

// exp(-x) = 2^n exp(-r) with -x = n ln 2 - r, |r| <= ln 2 / 2; constant beyond ±87.
template <class V>
RNNFARM_HD_INLINE typename V::F ExpOfNegative(typename V::F x) {
  constexpr float kBound = 87;
  constexpr float kLog2e = 0x1.715476p+0f;
  // ln 2 in two parts, the first so short that its multiples are exact.
  constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  constexpr float kP[] = {0.49999994f, 0.16666515f, 0.041668456f, 0.008369419f, 0.0013813145f};
  x = V::AtMost(kBound, V::AtLeast(-kBound, x));
  // Adding 1.5 · 2^23 rounds to the nearest whole number.
  constexpr float kRound = 0x1.8p23f;
  const auto shifted = V::Fnma(x, V::Set(kLog2e), V::Set(kRound));
  const auto n = V::Sub(shifted, V::Set(kRound));
  const auto r = V::Fma(n, V::Set(kLn2Low), V::Fma(n, V::Set(kLn2High), x));
  auto p = V::Fma(V::Set(kP[4]), r, V::Set(-kP[3]));
  p = V::Fma(p, r, V::Set(kP[2]));
  p = V::Fma(p, r, V::Set(-kP[1]));
  p = V::Fma(p, r, V::Set(kP[0]));
  p = V::Sub(V::Set(1), V::Fnma(p, V::Mul(r, r), r));
  return V::Mul(p, V::PowerOfTwo(shifted));
}

template <class V>
RNNFARM_HD_INLINE typename V::F Exp(typename V::F x) {
  return ExpOfNegative<V>(V::Sub(V::Zero(), x));
}

// 1 / (1 + exp(-x)).
template <class V>
RNNFARM_HD_INLINE typename V::F Sigmoid(typename V::F x) {
  return V::Div(V::Set(1), V::Add(V::Set(1), ExpOfNegative<V>(x)));
}

// An activation f, and `upstream` f'(z) told by the value f(z).
template <class V>
struct TanhActivation {
  static RNNFARM_HD_INLINE typename V::F Value(typename V::F z) { return Tanh<V>(z); }
  static RNNFARM_HD_INLINE typename V::F Backward(typename V::F value, typename V::F upstream) {
    return V::Fnma(V::Mul(value, value), upstream, upstream);
  }
};

template <class V>
struct ReluActivation {
  static RNNFARM_HD_INLINE typename V::F Value(typename V::F z) { return V::AtLeast(0, z); }
  static RNNFARM_HD_INLINE typename V::F Backward(typename V::F value, typename V::F upstream) {
    return V::WherePositive(value, upstream);
  }
};

// upstream s'(z) of the sigmoid, told by its value s.
template <class V>
RNNFARM_HD_INLINE typename V::F SigmoidBackward(typename V::F s, typename V::F upstream) {
  return V::Mul(V::Mul(s, V::Sub(V::Set(1), s)), upstream);
}

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_POINTWISE_H_
