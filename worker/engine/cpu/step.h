// Where the cells find the values of one step in a slab.
#ifndef RNNFARM_WORKER_ENGINE_CPU_STEP_H_
#define RNNFARM_WORKER_ENGINE_CPU_STEP_H_

#include <cstdint>

#include "base/host_device.h"
#include "worker/engine/cpu/layout.h"

namespace rnnfarm::engine::cpu {

// Where the values of a (row, unit) are in a step's arrays, in floats from their beginnings.
struct Place {
  int64_t row;
  int64_t unit;   // in arrays of (rows, padded)
  int64_t state;  // of (rows, row), from the first unit's h
  int64_t reset;  // of (rows, reset_row)
  int64_t gate;   // of (rows, gate_row)

  static RNNFARM_HD_INLINE Place Of(const Layout& layout, int row, int unit) {
    const int64_t r = row;
    return {r, r * layout.padded + unit, r * layout.row + unit, r * layout.reset_row + unit,
            r * layout.gate_row + unit};
  }
  // The same unit of the next row.
  RNNFARM_HD_INLINE void NextRow(const Layout& layout) {
    ++row;
    unit += layout.padded;
    state += layout.row;
    reset += layout.reset_row;
    gate += layout.gate_row;
  }
  RNNFARM_HD_INLINE Place After(int units) const {
    return {row, unit + units, state + units, reset + units, gate + units};
  }
};

// One step of a slab.
class Step {
 public:
  RNNFARM_HD_INLINE Step(const Layout& layout, const Slab& slab, int t)
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

  RNNFARM_HD_INLINE float* state() const { return state_; }                  // (rows, row)
  RNNFARM_HD_INLINE float* reset() const { return reset_; }                  // (rows, reset_row)
  RNNFARM_HD_INLINE float* error() const { return error_; }                  // (rows, outputs)
  RNNFARM_HD_INLINE float* gate_gradient() const { return gate_gradient_; }  // (rows, gate_row)
  RNNFARM_HD_INLINE float* h() const { return h_; }            // of the first row and unit
  RNNFARM_HD_INLINE float* next_h() const { return next_h_; }  // likewise
  RNNFARM_HD_INLINE float* kept() const { return kept_; }      // (kept, rows, padded)

  RNNFARM_HD_INLINE float* h(const Place& at) const { return h_ + at.state; }
  RNNFARM_HD_INLINE float* next_h(const Place& at) const { return next_h_ + at.state; }
  RNNFARM_HD_INLINE float* c(const Place& at) const { return c_ + at.unit; }
  RNNFARM_HD_INLINE float* next_c(const Place& at) const { return next_c_ + at.unit; }
  RNNFARM_HD_INLINE float* kept(const Place& at, int value) const {
    return kept_ + value * kept_row_ + at.unit;
  }
  RNNFARM_HD_INLINE float* reset_h(const Place& at) const { return reset_ + at.reset; }
  // Null: no noise.
  RNNFARM_HD_INLINE const float* noise(const Place& at) const {
    if (noise_ == nullptr) return nullptr;
    return noise_ + at.row * noise_row_ + at.unit - at.row * padded_;
  }
  // δ of a gate's pre-activation.
  RNNFARM_HD_INLINE float* gate(const Place& at, int gate) const {
    return gate_gradient_ + int64_t{gate} * padded_ + at.gate;
  }
  RNNFARM_HD_INLINE float* carry(const Place& at) const { return carry_ + at.unit; }
  RNNFARM_HD_INLINE float* cell_carry(const Place& at) const { return cell_carry_ + at.unit; }
  RNNFARM_HD_INLINE float alpha() const { return alpha_; }

 private:
  const int64_t padded_;
  const float alpha_;
  int64_t kept_row_, noise_row_ = 0;
  float *state_, *h_, *next_h_, *kept_, *reset_, *c_, *next_c_, *error_, *gate_gradient_, *carry_,
      *cell_carry_;
  const float* noise_ = nullptr;
};

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_STEP_H_
