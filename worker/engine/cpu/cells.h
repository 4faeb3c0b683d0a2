// What each cell does between its matrix products, forward beside backward, for a vector of units
// of one row. The equations are docs/science.md's; δ of a value is ∂loss/∂value.
#ifndef RNNFARM_WORKER_ENGINE_CPU_CELLS_H_
#define RNNFARM_WORKER_ENGINE_CPU_CELLS_H_

#include <cstdint>

#include "worker/engine/cpu/layout.h"
#include "worker/engine/cpu/pointwise.h"
#include "worker/engine/cpu/product.h"

namespace rnnfarm::engine::cpu {

// Where the values of a (row, unit) are in a step's arrays, in floats from their beginnings.
struct Place {
  int64_t row;
  int64_t unit;   // in arrays of (rows, padded)
  int64_t state;  // of (rows, row), from the first unit's h
  int64_t reset;  // of (rows, reset_row)
  int64_t gate;   // of (rows, gate_row)

  static RNNFARM_INLINE Place Of(const Layout& layout, int row, int unit) {
    const int64_t r = row;
    return {r, r * layout.padded + unit, r * layout.row + unit, r * layout.reset_row + unit,
            r * layout.gate_row + unit};
  }
  // The same unit of the next row.
  RNNFARM_INLINE void NextRow(const Layout& layout) {
    ++row;
    unit += layout.padded;
    state += layout.row;
    reset += layout.reset_row;
    gate += layout.gate_row;
  }
  RNNFARM_INLINE Place After(int units) const {
    return {row, unit + units, state + units, reset + units, gate + units};
  }
};

// One step of a slab.
class Step {
 public:
  RNNFARM_INLINE Step(const Layout& layout, const Slab& slab, int t)
      : padded_(layout.padded), alpha_(layout.alpha) {
    const int64_t rows = int64_t{t} * slab.rows;
    state_ = slab.state + rows * layout.row;
    h_ = state_ + layout.head;
    next_h_ = h_ + int64_t{slab.rows} * layout.row;
    kept_row_ = int64_t{slab.rows} * layout.padded;
    kept_ = slab.kept + rows * layout.kept * layout.padded;
    reset_ = slab.reset + rows * layout.reset_row;
    c_ = slab.cell + rows * layout.padded;
    next_c_ = c_ + kept_row_;
    if (slab.noise != nullptr) {
      noise_ = slab.noise + int64_t{t} * layout.units;
      noise_row_ = int64_t{slab.steps} * layout.units;
    }
    error_ = slab.error + rows * layout.outputs;
    const int64_t slot = t % (2 * slab.block_steps);
    gate_gradient_ = slab.gate_gradient + slot * slab.rows * layout.gate_row;
    carry_ = slab.carry;
    cell_carry_ = slab.cell_carry;
  }

  RNNFARM_INLINE float* state() const { return state_; }                  // (rows, row)
  RNNFARM_INLINE float* reset() const { return reset_; }                  // (rows, reset_row)
  RNNFARM_INLINE float* error() const { return error_; }                  // (rows, outputs)
  RNNFARM_INLINE float* gate_gradient() const { return gate_gradient_; }  // (rows, gate_row)
  RNNFARM_INLINE float* h() const { return h_; }            // of the first row and unit
  RNNFARM_INLINE float* next_h() const { return next_h_; }  // likewise
  RNNFARM_INLINE float* kept() const { return kept_; }      // (kept, rows, padded)

  RNNFARM_INLINE float* h(const Place& at) const { return h_ + at.state; }
  RNNFARM_INLINE float* next_h(const Place& at) const { return next_h_ + at.state; }
  RNNFARM_INLINE float* c(const Place& at) const { return c_ + at.unit; }
  RNNFARM_INLINE float* next_c(const Place& at) const { return next_c_ + at.unit; }
  RNNFARM_INLINE float* kept(const Place& at, int value) const {
    return kept_ + value * kept_row_ + at.unit;
  }
  RNNFARM_INLINE float* reset_h(const Place& at) const { return reset_ + at.reset; }
  // Null: no noise.
  RNNFARM_INLINE const float* noise(const Place& at) const {
    if (noise_ == nullptr) return nullptr;
    return noise_ + at.row * noise_row_ + at.unit - at.row * padded_;
  }
  // δ of a gate's pre-activation.
  RNNFARM_INLINE float* gate(const Place& at, int gate) const {
    return gate_gradient_ + int64_t{gate} * padded_ + at.gate;
  }
  RNNFARM_INLINE float* carry(const Place& at) const { return carry_ + at.unit; }
  RNNFARM_INLINE float* cell_carry(const Place& at) const { return cell_carry_ + at.unit; }
  RNNFARM_INLINE float alpha() const { return alpha_; }

 private:
  const int64_t padded_;
  const float alpha_;
  int64_t kept_row_, noise_row_ = 0;
  float *state_, *h_, *next_h_, *kept_, *reset_, *c_, *next_c_, *error_, *gate_gradient_, *carry_,
      *cell_carry_;
  const float* noise_ = nullptr;
};

// Of each cell: Forward takes the pre-activations z of its gates and writes h'; Backward takes δh'
// and writes δz, and into `carry` the part of δh that does not come through a product.

// h' = f(z).
template <class V, class A>
struct VanillaCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 0;
  static constexpr bool kCarries = false, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& step, const Place& at, const F (&z)[1]) {
    V::Store(step.next_h(at), A::Value(z[0]));
  }
  static RNNFARM_INLINE void Backward(const Step& step, const Place& at, F dh) {
    V::Store(step.gate(at, 0), A::Backward(V::Load(step.next_h(at)), dh));
  }
};

// v = f(z + noise); h' = (1 - α) h + α v. Keeps v.
template <class V, class A>
struct LeakyCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 1;
  static constexpr bool kCarries = true, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& step, const Place& at, const F (&z)[1]) {
    const float* noise = step.noise(at);
    const F value = A::Value(noise == nullptr ? z[0] : V::Add(z[0], V::Load(noise)));
    const F kept = V::Mul(V::Set(1 - step.alpha()), V::Load(step.h(at)));
    V::Store(step.kept(at, 0), value);
    V::Store(step.next_h(at), V::Fma(V::Set(step.alpha()), value, kept));
  }
  static RNNFARM_INLINE void Backward(const Step& step, const Place& at, F dh) {
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

  static RNNFARM_INLINE void Forward(const Step& step, const Place& at, const F (&z)[2]) {
    const F g = Sigmoid<V>(z[0]), c = A::Value(z[1]);
    V::Store(step.kept(at, 0), g);
    V::Store(step.kept(at, 1), c);
    V::Store(step.next_h(at), V::Fma(g, V::Sub(V::Load(step.h(at)), c), c));
  }
  static RNNFARM_INLINE void Backward(const Step& step, const Place& at, F dh) {
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

  static RNNFARM_INLINE void Forward(const Step& step, const Place& at, const F (&z)[2]) {
    const F r = Sigmoid<V>(z[1]);
    V::Store(step.kept(at, 0), Sigmoid<V>(z[0]));
    V::Store(step.kept(at, 1), r);
    V::Store(step.reset_h(at), V::Mul(r, V::Load(step.h(at))));
  }
  static RNNFARM_INLINE void ForwardCandidate(const Step& step, const Place& at, const F (&z)[1]) {
    const F u = V::Load(step.kept(at, 0)), c = A::Value(z[0]);
    V::Store(step.kept(at, 2), c);
    V::Store(step.next_h(at), V::Fma(u, V::Sub(V::Load(step.h(at)), c), c));
  }
  static RNNFARM_INLINE void Backward(const Step& step, const Place& at, F dh) {
    const F u = V::Load(step.kept(at, 0)), c = V::Load(step.kept(at, 2));
    const F du = V::Mul(dh, V::Sub(V::Load(step.h(at)), c));
    V::Store(step.gate(at, 0), SigmoidBackward<V>(u, du));
    V::Store(step.gate(at, 2), A::Backward(c, V::Fnma(u, dh, dh)));
    V::Store(step.carry(at), V::Mul(dh, u));
  }
  // Takes δ(r h).
  static RNNFARM_INLINE void BackwardCandidate(const Step& step, const Place& at, F drh) {
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

  static RNNFARM_INLINE void Forward(const Step& step, const Place& at, const F (&z)[4]) {
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
  static RNNFARM_INLINE void Backward(const Step& step, const Place& at, F dh) {
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

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_CELLS_H_
