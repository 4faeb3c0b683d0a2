// What each cell does between its matrix products, forward beside backward, for numbers V: vectors
// of units on the processor (cpu/vector_*.h), single ones on a device (cuda/element.h). The
// equations are docs/science.md's; δ of a value is ∂loss/∂value.
#ifndef RNNFARM_WORKER_ENGINE_CELLS_H_
#define RNNFARM_WORKER_ENGINE_CELLS_H_

#include "base/host_device.h"
#include "worker/engine/pointwise.h"

namespace rnnfarm::engine {

// Of each cell: Forward takes the pre-activations z of its gates and writes h'; Backward takes δh'
// and writes δz, and into `carry` the part of δh that does not come through a product. `step` tells
// where the values at `at` are; it keeps kKept values from Forward for Backward.

// h' = f(z).
template <class V, class A>
struct VanillaCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 0;
  static constexpr bool kCarries = false, kHasCell = false;

  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Forward(const Step& step, const Place& at, const F (&z)[1]) {
    V::Store(step.next_h(at), A::Value(z[0]));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Backward(const Step& step, const Place& at, F dh) {
    V::Store(step.gate(at, 0), A::Backward(V::Load(step.next_h(at)), dh));
  }
};

// v = f(z + noise); h' = (1 - α) h + α v. Keeps v.
template <class V, class A>
struct LeakyCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 1;
  static constexpr bool kCarries = true, kHasCell = false;

  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Forward(const Step& step, const Place& at, const F (&z)[1]) {
    const float* noise = step.noise(at);
    const F value = A::Value(noise == nullptr ? z[0] : V::Add(z[0], V::Load(noise)));
    const F kept = V::Mul(V::Set(1 - step.alpha()), V::Load(step.h(at)));
    V::Store(step.kept(at, 0), value);
    V::Store(step.next_h(at), V::Fma(V::Set(step.alpha()), value, kept));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Backward(const Step& step, const Place& at, F dh) {
    const F value = V::Load(step.kept(at, 0));
    V::Store(step.gate(at, 0), A::Backward(value, V::Mul(V::Set(step.alpha()), dh)));
    V::Store(step.carry(at), V::Mul(V::Set(1 - step.alpha()), dh));
  }
};

// h' = g h + (1 - g) c. Keeps g, c.
template <class V, class A>
struct UgrnnCell {
  using F = typename V::F;
  static constexpr int kGates = 2, kMainGates = 2, kKept = 2;
  static constexpr bool kCarries = true, kHasCell = false;

  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Forward(const Step& step, const Place& at, const F (&z)[2]) {
    const F g = Sigmoid<V>(z[0]), c = A::Value(z[1]);
    V::Store(step.kept(at, 0), g);
    V::Store(step.kept(at, 1), c);
    V::Store(step.next_h(at), V::Fma(g, V::Sub(V::Load(step.h(at)), c), c));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Backward(const Step& step, const Place& at, F dh) {
    const F g = V::Load(step.kept(at, 0)), c = V::Load(step.kept(at, 1));
    const F dg = V::Mul(dh, V::Sub(V::Load(step.h(at)), c));
    V::Store(step.gate(at, 0), SigmoidBackward<V>(g, dg));
    V::Store(step.gate(at, 1), A::Backward(c, V::Fnma(g, dh, dh)));
    V::Store(step.carry(at), V::Mul(dh, g));
  }
};

// From the first product u, r and r h; from the second, with r h in the place of h,
// h' = u h + (1 - u) c. Keeps u, r, c.
template <class V, class A>
struct GruCell {
  using F = typename V::F;
  static constexpr int kGates = 3, kMainGates = 2, kKept = 3;
  static constexpr bool kCarries = true, kHasCell = false;

  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Forward(const Step& step, const Place& at, const F (&z)[2]) {
    const F r = Sigmoid<V>(z[1]);
    V::Store(step.kept(at, 0), Sigmoid<V>(z[0]));
    V::Store(step.kept(at, 1), r);
    V::Store(step.reset_h(at), V::Mul(r, V::Load(step.h(at))));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void ForwardCandidate(const Step& step, const Place& at,
                                                 const F (&z)[1]) {
    const F u = V::Load(step.kept(at, 0)), c = A::Value(z[0]);
    V::Store(step.kept(at, 2), c);
    V::Store(step.next_h(at), V::Fma(u, V::Sub(V::Load(step.h(at)), c), c));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Backward(const Step& step, const Place& at, F dh) {
    const F u = V::Load(step.kept(at, 0)), c = V::Load(step.kept(at, 2));
    const F du = V::Mul(dh, V::Sub(V::Load(step.h(at)), c));
    V::Store(step.gate(at, 0), SigmoidBackward<V>(u, du));
    V::Store(step.gate(at, 2), A::Backward(c, V::Fnma(u, dh, dh)));
    V::Store(step.carry(at), V::Mul(dh, u));
  }
  // Takes δ(r h).
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void BackwardCandidate(const Step& step, const Place& at, F drh) {
    const F r = V::Load(step.kept(at, 1));
    const F dr = V::Mul(drh, V::Load(step.h(at)));
    V::Store(step.gate(at, 1), SigmoidBackward<V>(r, dr));
    float* carry = step.carry(at);
    V::Store(carry, V::Fma(drh, r, V::Load(carry)));
  }
};

// c' = F c + I G; h' = O f(c'). Keeps I, F, G, O, f(c').
template <class V, class A>
struct LstmCell {
  using F = typename V::F;
  static constexpr int kGates = 4, kMainGates = 4, kKept = 5;
  static constexpr bool kCarries = false, kHasCell = true;

  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Forward(const Step& step, const Place& at, const F (&z)[4]) {
    const F i = Sigmoid<V>(z[0]), f = Sigmoid<V>(z[1]), g = A::Value(z[2]), o = Sigmoid<V>(z[3]);
    const F c = V::Fma(f, V::Load(step.c(at)), V::Mul(i, g));
    const F shown = A::Value(c);
    V::Store(step.kept(at, 0), i);
    V::Store(step.kept(at, 1), f);
    V::Store(step.kept(at, 2), g);
    V::Store(step.kept(at, 3), o);
    V::Store(step.kept(at, 4), shown);
    V::Store(step.next_c(at), c);
    V::Store(step.next_h(at), V::Mul(o, shown));
  }
  template <class Step, class Place>
  static RNNFARM_HD_INLINE void Backward(const Step& step, const Place& at, F dh) {
    const F i = V::Load(step.kept(at, 0)), f = V::Load(step.kept(at, 1));
    const F g = V::Load(step.kept(at, 2)), o = V::Load(step.kept(at, 3));
    const F shown = V::Load(step.kept(at, 4));
    float* carry = step.cell_carry(at);
    const F dc = V::Add(V::Load(carry), A::Backward(shown, V::Mul(dh, o)));
    V::Store(step.gate(at, 0), SigmoidBackward<V>(i, V::Mul(dc, g)));
    V::Store(step.gate(at, 1), SigmoidBackward<V>(f, V::Mul(dc, V::Load(step.c(at)))));
    V::Store(step.gate(at, 2), A::Backward(g, V::Mul(dc, i)));
    V::Store(step.gate(at, 3), SigmoidBackward<V>(o, V::Mul(dh, shown)));
    V::Store(carry, V::Mul(dc, f));
  }
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_CELLS_H_
