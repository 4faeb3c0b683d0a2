// What the pass forward left of a step, for the pass back.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SAVED_STEP_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SAVED_STEP_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/resident/tile.h"

namespace rnnfarm::engine::cuda {

// Four units of one row; zero beyond the batch.
template <class C, class A>
struct SavedFour {
  Four h{}, next_h{}, c{}, next_c{};
  Four kept[C::kGates]{};

  RNNFARM_HD_INLINE SavedFour(const Layout& layout, const Arrays& arrays, int64_t slot, int t,
                              int row, int unit) {
    if (row >= layout.batch) return;
    const int64_t step = int64_t{t} * layout.batch + row;
    const float* state =
        arrays.state + slot * layout.state_slot() + step * layout.row + layout.head + unit;
    h = LoadFour(state);
    next_h = LoadFour(state + int64_t{layout.batch} * layout.row);
    for (int g = 0; g < C::kGates && g < C::kKept; ++g) {
      kept[g] = LoadFour(arrays.gates + slot * layout.gates_slot() + step * layout.gate_row() +
                         g * layout.units + unit);
    }
    if constexpr (C::kHasCell) {
      const float* cell = arrays.cell + slot * layout.cell_slot() + step * layout.units + unit;
      c = LoadFour(cell);
      next_c = LoadFour(cell + layout.unit_slot());
    }
  }

  RNNFARM_HD_INLINE Element At(int u, float alpha) const {
    Element e;
    e.alpha_ = alpha;
    e.h_ = h.x[u];
    e.next_h_ = next_h.x[u];
    for (int g = 0; g < C::kGates && g < C::kKept; ++g) e.kept_[g] = kept[g].x[u];
    if constexpr (C::kHasCell) {
      e.c_ = c.x[u];
      e.kept_[4] = A::Value(next_c.x[u]);
    }
    return e;
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_SAVED_STEP_H_
