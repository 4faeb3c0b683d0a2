// What each cell does between its matrix products, forward beside backward, for a vector of units
// of one row. The equations are docs/science.md's; δ of a value is ∂loss/∂value.
#ifndef RNNFARM_WORKER_ENGINE_CPU_CELLS_H_
#define RNNFARM_WORKER_ENGINE_CPU_CELLS_H_

#include <cstdint>

#include "worker/engine/cpu/layout.h"
#include "worker/engine/cpu/pointwise.h"
#include "worker/engine/cpu/product.h"

namespace rnnfarm::engine::cpu {

// One step of a slab. Everything by (row, unit).
class Step {
 public:
  RNNFARM_INLINE Step(const Layout& layout, const Slab& slab, int t)
      : layout_(layout), slab_(slab) {
    const int64_t rows = int64_t{t} * slab.rows;
    state_ = slab.state + rows * layout.row;
    next_ = state_ + int64_t{slab.rows} * layout.row;
    kept_ = slab.kept + rows * layout.kept * layout.padded;
    reset_ = slab.reset + rows * layout.reset_row;
    cell_ = slab.cell + rows * layout.padded;
    next_cell_ = cell_ + int64_t{slab.rows} * layout.padded;
    noise_ = slab.noise == nullptr ? nullptr : slab.noise + int64_t{t} * layout.units;
    error_ = slab.error + rows * layout.outputs;
    const int64_t slot = t % (2 * slab.block_steps);
    gate_gradient_ = slab.gate_gradient + slot * slab.rows * layout.gate_row;
  }

  RNNFARM_INLINE float* state() const { return state_; }  // (rows, row)
  RNNFARM_INLINE float* reset() const { return reset_; }
  RNNFARM_INLINE float* error() const { return error_; }                  // (rows, outputs)
  RNNFARM_INLINE float* gate_gradient() const { return gate_gradient_; }  // (rows, gate_row)

  RNNFARM_INLINE float* h(int row, int unit) const {
    return state_ + int64_t{row} * layout_.row + layout_.head + unit;
  }
  RNNFARM_INLINE float* next_h(int row, int unit) const {
    return next_ + int64_t{row} * layout_.row + layout_.head + unit;
  }
  RNNFARM_INLINE float* c(int row, int unit) const {
    return cell_ + int64_t{row} * layout_.padded + unit;
  }
  RNNFARM_INLINE float* next_c(int row, int unit) const {
    return next_cell_ + int64_t{row} * layout_.padded + unit;
  }
  RNNFARM_INLINE float* kept(int row, int value, int unit) const {
    return kept_ + (int64_t{row} * layout_.kept + value) * layout_.padded + unit;
  }
  RNNFARM_INLINE float* reset_h(int row, int unit) const {
    return reset_ + int64_t{row} * layout_.reset_row + unit;
  }
  // Null: no noise.
  RNNFARM_INLINE const float* noise(int row, int unit) const {
    if (noise_ == nullptr) return nullptr;
    return noise_ + int64_t{row} * slab_.steps * layout_.units + unit;
  }
  // δ of a gate's pre-activation.
  RNNFARM_INLINE float* gate(int row, int gate, int unit) const {
    return gate_gradient_ + int64_t{row} * layout_.gate_row + int64_t{gate} * layout_.padded + unit;
  }
  RNNFARM_INLINE float* carry(int row, int unit) const {
    return slab_.carry + int64_t{row} * layout_.padded + unit;
  }
  RNNFARM_INLINE float* cell_carry(int row, int unit) const {
    return slab_.cell_carry + int64_t{row} * layout_.padded + unit;
  }
  RNNFARM_INLINE float alpha() const { return layout_.alpha; }

 private:
  const Layout& layout_;
  const Slab& slab_;
  float *state_, *next_, *kept_, *reset_, *cell_, *next_cell_, *error_, *gate_gradient_;
  const float* noise_;
};

// Of each cell: Forward takes the pre-activations z of its gates and writes h'; Backward takes δh'
// and writes δz, and into `carry` the part of δh that does not come through a product.

// h' = f(z).
template <class V, class A>
struct VanillaCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 0;
  static constexpr bool kCarries = false, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& at, int row, int unit, const F (&z)[1]) {
    V::Store(at.next_h(row, unit), A::Value(z[0]));
  }
  static RNNFARM_INLINE void Backward(const Step& at, int row, int unit, F dh) {
    V::Store(at.gate(row, 0, unit), A::Backward(V::Load(at.next_h(row, unit)), dh));
  }
};

// v = f(z + noise); h' = (1 - α) h + α v. Keeps v.
template <class V, class A>
struct LeakyCell {
  using F = typename V::F;
  static constexpr int kGates = 1, kMainGates = 1, kKept = 1;
  static constexpr bool kCarries = true, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& at, int row, int unit, const F (&z)[1]) {
    const float* noise = at.noise(row, unit);
    const F value = A::Value(noise == nullptr ? z[0] : V::Add(z[0], V::Load(noise)));
    const F kept = V::Mul(V::Set(1 - at.alpha()), V::Load(at.h(row, unit)));
    V::Store(at.kept(row, 0, unit), value);
    V::Store(at.next_h(row, unit), V::Fma(V::Set(at.alpha()), value, kept));
  }
  static RNNFARM_INLINE void Backward(const Step& at, int row, int unit, F dh) {
    const F value = V::Load(at.kept(row, 0, unit));
    V::Store(at.gate(row, 0, unit), A::Backward(value, V::Mul(V::Set(at.alpha()), dh)));
    V::Store(at.carry(row, unit), V::Mul(V::Set(1 - at.alpha()), dh));
  }
};

// h' = g h + (1 - g) c. Keeps g, c.
template <class V, class A>
struct UgrnnCell {
  using F = typename V::F;
  static constexpr int kGates = 2, kMainGates = 2, kKept = 2;
  static constexpr bool kCarries = true, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& at, int row, int unit, const F (&z)[2]) {
    const F g = Sigmoid<V>(z[0]), c = A::Value(z[1]);
    V::Store(at.kept(row, 0, unit), g);
    V::Store(at.kept(row, 1, unit), c);
    V::Store(at.next_h(row, unit), V::Fma(g, V::Sub(V::Load(at.h(row, unit)), c), c));
  }
  static RNNFARM_INLINE void Backward(const Step& at, int row, int unit, F dh) {
    const F g = V::Load(at.kept(row, 0, unit)), c = V::Load(at.kept(row, 1, unit));
    const F dg = V::Mul(dh, V::Sub(V::Load(at.h(row, unit)), c));
    V::Store(at.gate(row, 0, unit), SigmoidBackward<V>(g, dg));
    V::Store(at.gate(row, 1, unit), A::Backward(c, V::Fnma(g, dh, dh)));
    V::Store(at.carry(row, unit), V::Mul(dh, g));
  }
};

// From the first product u, r and r h; from the second, with r h in the place of h,
// h' = u h + (1 - u) c. Keeps u, r, c.
template <class V, class A>
struct GruCell {
  using F = typename V::F;
  static constexpr int kGates = 3, kMainGates = 2, kKept = 3;
  static constexpr bool kCarries = true, kHasCell = false;

  static RNNFARM_INLINE void Forward(const Step& at, int row, int unit, const F (&z)[2]) {
    const F r = Sigmoid<V>(z[1]);
    V::Store(at.kept(row, 0, unit), Sigmoid<V>(z[0]));
    V::Store(at.kept(row, 1, unit), r);
    V::Store(at.reset_h(row, unit), V::Mul(r, V::Load(at.h(row, unit))));
  }
  static RNNFARM_INLINE void ForwardCandidate(const Step& at, int row, int unit, const F (&z)[1]) {
    const F u = V::Load(at.kept(row, 0, unit)), c = A::Value(z[0]);
    V::Store(at.kept(row, 2, unit), c);
    V::Store(at.next_h(row, unit), V::Fma(u, V::Sub(V::Load(at.h(row, unit)), c), c));
  }
  static RNNFARM_INLINE void Backward(const Step& at, int row, int unit, F dh) {
    const F u = V::Load(at.kept(row, 0, unit)), c = V::Load(at.kept(row, 2, unit));
    const F du = V::Mul(dh, V::Sub(V::Load(at.h(row, unit)), c));
    V::Store(at.gate(row, 0, unit), SigmoidBackward<V>(u, du));
    V::Store(at.gate(row, 2, unit), A::Backward(c, V::Fnma(u, dh, dh)));
    V::Store(at.carry(row, unit), V::Mul(dh, u));
  }
  // Takes δ(r h).
  static RNNFARM_INLINE void BackwardCandidate(const Step& at, int row, int unit, F drh) {
    const F r = V::Load(at.kept(row, 1, unit));
    const F dr = V::Mul(drh, V::Load(at.h(row, unit)));
    V::Store(at.gate(row, 1, unit), SigmoidBackward<V>(r, dr));
    float* carry = at.carry(row, unit);
    V::Store(carry, V::Fma(drh, r, V::Load(carry)));
  }
};

// c' = F c + I G; h' = O f(c'). Keeps I, F, G, O, f(c').
template <class V, class A>
struct LstmCell {
  using F = typename V::F;
  static constexpr int kGates = 4, kMainGates = 4, kKept = 5;
  static constexpr bool kCarries = false, kHasCell = true;

  static RNNFARM_INLINE void Forward(const Step& at, int row, int unit, const F (&z)[4]) {
    const F i = Sigmoid<V>(z[0]), f = Sigmoid<V>(z[1]), g = A::Value(z[2]), o = Sigmoid<V>(z[3]);
    const F c = V::Fma(f, V::Load(at.c(row, unit)), V::Mul(i, g));
    const F shown = A::Value(c);
    V::Store(at.kept(row, 0, unit), i);
    V::Store(at.kept(row, 1, unit), f);
    V::Store(at.kept(row, 2, unit), g);
    V::Store(at.kept(row, 3, unit), o);
    V::Store(at.kept(row, 4, unit), shown);
    V::Store(at.next_c(row, unit), c);
    V::Store(at.next_h(row, unit), V::Mul(o, shown));
  }
  static RNNFARM_INLINE void Backward(const Step& at, int row, int unit, F dh) {
    const F i = V::Load(at.kept(row, 0, unit)), f = V::Load(at.kept(row, 1, unit));
    const F g = V::Load(at.kept(row, 2, unit)), o = V::Load(at.kept(row, 3, unit));
    const F shown = V::Load(at.kept(row, 4, unit));
    float* carry = at.cell_carry(row, unit);
    const F dc = V::Add(V::Load(carry), A::Backward(shown, V::Mul(dh, o)));
    V::Store(at.gate(row, 0, unit), SigmoidBackward<V>(i, V::Mul(dc, g)));
    V::Store(at.gate(row, 1, unit), SigmoidBackward<V>(f, V::Mul(dc, V::Load(at.c(row, unit)))));
    V::Store(at.gate(row, 2, unit), A::Backward(g, V::Mul(dc, i)));
    V::Store(at.gate(row, 3, unit), SigmoidBackward<V>(o, V::Mul(dh, shown)));
    V::Store(carry, V::Mul(dc, f));
  }
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_CELLS_H_
