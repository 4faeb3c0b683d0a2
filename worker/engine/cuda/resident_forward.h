// The resident design's pass forward: one block a network, weights and state in its own memory for
// all steps.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/tile.h"

namespace rnnfarm::engine::cuda {

template <class C, int kUnits>
struct ResidentForward {
  static constexpr int kThreads = kUnits / kTile * (kResidentRows / kTile);
  static constexpr int kMain = C::kMainGates;
  static constexpr bool kCandidate = C::kGates > C::kMainGates;
  Layout layout;
  Arrays arrays;
  int steps = 0;

  static int64_t SharedFloats(const Layout& layout) {
    return int64_t{layout.row} * C::kGates * kUnits + int64_t{2} * layout.row * kColumn +
           (kCandidate ? kUnits * kColumn : 0);
  }

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t slot = block.index();
    if (!arrays.at_work(slot)) return;
    float* main = block.shared();                            // (row, kMain kUnits)
    float* candidate = main + layout.row * kMain * kUnits;   // (row, kUnits)
    float* states = main + layout.row * C::kGates * kUnits;  // two of (row, kColumn)
    float* reset = states + 2 * layout.row * kColumn;        // (kUnits, kColumn)
    typename Block::template PerThread<Kept> kept;
    block.ForEach([&](int thread) {
      LoadWeights(slot, main, candidate, thread);
      BeginState(slot, states, thread);
      BeginCell(slot, kept[thread], thread);
    });
    for (int t = 0; t < steps; ++t) {
      float* state = states + t % 2 * layout.row * kColumn;
      float* next = states + (t + 1) % 2 * layout.row * kColumn;
      block.ForEach([&](int thread) {
        if (t + 1 < steps) LoadInputs(slot, t + 1, next, thread);
        Gates(slot, t, main, state, next, reset, kept[thread], thread);
      });
      if constexpr (kCandidate) {
        block.ForEach([&](int thread) {
          Candidate(slot, t, candidate, state, next, reset, kept[thread], thread);
        });
      }
    }
  }

 private:
  struct Kept {
    float c[C::kHasCell ? kTile : 1][kTile];  // LSTM
    float u[kCandidate ? kTile : 1][kTile];   // GRU
  };

  RNNFARM_HD_INLINE float* StateRow(int64_t slot, int t, int row) const {
    return arrays.state + slot * layout.state_slot() +
           (int64_t{t} * layout.batch + row) * layout.row;
  }
  RNNFARM_HD_INLINE float* GateRow(int64_t slot, int t, int row) const {
    return arrays.gates + slot * layout.gates_slot() +
           (int64_t{t} * layout.batch + row) * layout.gate_row();
  }
  RNNFARM_HD_INLINE float* CellRow(int64_t slot, int t, int row) const {
    return arrays.cell + slot * layout.cell_slot() + (int64_t{t} * layout.batch + row) * kUnits;
  }

  // Transposed: the gates of all units side by side.
  RNNFARM_HD void LoadWeights(int64_t slot, float* main, float* candidate, int thread) const {
    const float* weights = arrays.weights + slot * layout.weights_size();
    const int size = C::kGates * kUnits * layout.row;
    for (int i = thread; i < size; i += kThreads) {
      const int j = i / layout.row, k = i % layout.row;
      if (j < kMain * kUnits) {
        main[k * kMain * kUnits + j] = weights[i];
      } else {
        candidate[k * kUnits + j - kMain * kUnits] = weights[i];
      }
    }
  }

  RNNFARM_HD_INLINE void LoadInputs(int64_t slot, int t, float* state, int thread) const {
    for (int i = thread; i < layout.head * kResidentRows; i += kThreads) {
      const int m = i / kResidentRows, row = i % kResidentRows;
      state[m * kColumn + row] = row < layout.batch ? StateRow(slot, t, row)[m] : 0;
    }
  }

  RNNFARM_HD void BeginState(int64_t slot, float* state, int thread) const {
    LoadInputs(slot, 0, state, thread);
    const float* initial = arrays.weights + slot * layout.weights_size() + layout.initial_at();
    for (int i = thread; i < kUnits * kResidentRows; i += kThreads) {
      const int row = i / kUnits, unit = i % kUnits;
      state[(layout.head + unit) * kColumn + row] = initial[unit];
      if (row < layout.batch) StateRow(slot, 0, row)[layout.head + unit] = initial[unit];
    }
  }

  RNNFARM_HD void BeginCell(int64_t slot, Kept& kept, int thread) const {
    if constexpr (C::kHasCell) {
      const TilePlace<kUnits> at(thread);
      const float* initial =
          arrays.weights + slot * layout.weights_size() + layout.initial_at() + kUnits + at.column;
      RNNFARM_UNROLL
      for (int r = 0; r < kTile; ++r) {
        Four c;
        for (int u = 0; u < kTile; ++u) c.x[u] = kept.c[r][u] = initial[u];
        if (at.row + r < layout.batch) StoreFour(CellRow(slot, 0, at.row + r) + at.column, c);
      }
    }
  }

  RNNFARM_HD_INLINE float NoiseOf(int64_t slot, int t, int row, int unit) const {
    if (arrays.noise == nullptr || row >= layout.batch) return 0;
    return arrays
        .noise[slot * layout.noise_slot() + (int64_t{row} * layout.steps + t) * kUnits + unit];
  }

  // Pre-activations of a tile from the rows' head and units.
  template <int kGates>
  RNNFARM_HD_INLINE void PreActivations(const float* weights, const float* head, const float* units,
                                        const TilePlace<kUnits>& at,
                                        float (&z)[kGates][kTile][kTile]) const {
    constexpr int kWidth = kGates * kUnits;
    MultiplyTile(head + at.row, weights + at.column, kWidth, kUnits, layout.head, z);
    MultiplyTile(units + at.row, weights + layout.head * kWidth + at.column, kWidth, kUnits, kUnits,
                 z);
  }

  RNNFARM_HD_INLINE void Gates(int64_t slot, int t, const float* weights, const float* state,
                               float* next, float* reset, Kept& kept, int thread) const {
    const TilePlace<kUnits> at(thread);
    const float* units = state + layout.head * kColumn;
    float z[kMain][kTile][kTile] = {};
    PreActivations(weights, state, units, at, z);
    constexpr int kKept = C::kKept < kMain ? C::kKept : kMain;
    float to[kTile][kTile];  // h', or r h
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four values[kKept > 0 ? kKept : 1], cell;
      RNNFARM_UNROLL
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.alpha_ = layout.alpha;
        e.noise_ = NoiseOf(slot, t, at.row + r, at.column + u);
        e.h_ = units[(at.column + u) * kColumn + at.row + r];
        if constexpr (C::kHasCell) e.c_ = kept.c[r][u];
        float of_gates[kMain];
        for (int g = 0; g < kMain; ++g) of_gates[g] = z[g][r][u];
        C::Forward(e, Nowhere(), of_gates);
        for (int g = 0; g < kKept; ++g) values[g].x[u] = e.kept_[g];
        if constexpr (C::kHasCell) cell.x[u] = kept.c[r][u] = e.next_c_;
        if constexpr (kCandidate) kept.u[r][u] = e.kept_[0];
        to[r][u] = kCandidate ? e.reset_h_ : e.next_h_;
      }
      if (at.row + r >= layout.batch) continue;
      for (int g = 0; g < kKept; ++g) {
        StoreFour(GateRow(slot, t, at.row + r) + g * kUnits + at.column, values[g]);
      }
      if constexpr (C::kHasCell) StoreFour(CellRow(slot, t + 1, at.row + r) + at.column, cell);
      if constexpr (!kCandidate) StoreState(slot, t + 1, at, r, to[r]);
    }
    StoreColumns(kCandidate ? reset : next + layout.head * kColumn, at, to);
  }

  RNNFARM_HD_INLINE void Candidate(int64_t slot, int t, const float* weights, const float* state,
                                   float* next, const float* reset, const Kept& kept,
                                   int thread) const {
    const TilePlace<kUnits> at(thread);
    const float* units = state + layout.head * kColumn;
    float z[1][kTile][kTile] = {};
    PreActivations(weights, state, reset, at, z);
    float to[kTile][kTile];
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four value;
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.h_ = units[(at.column + u) * kColumn + at.row + r];
        e.kept_[0] = kept.u[r][u];
        const float of_gate[1] = {z[0][r][u]};
        if constexpr (kCandidate) C::ForwardCandidate(e, Nowhere(), of_gate);
        value.x[u] = e.kept_[2];
        to[r][u] = e.next_h_;
      }
      if (at.row + r >= layout.batch) continue;
      StoreFour(GateRow(slot, t, at.row + r) + kMain * kUnits + at.column, value);
      StoreState(slot, t + 1, at, r, to[r]);
    }
    StoreColumns(next + layout.head * kColumn, at, to);
  }

  RNNFARM_HD_INLINE void StoreState(int64_t slot, int t, const TilePlace<kUnits>& at, int r,
                                    const float (&h)[kTile]) const {
    Four four;
    for (int u = 0; u < kTile; ++u) four.x[u] = h[u];
    StoreFour(StateRow(slot, t, at.row + r) + layout.head + at.column, four);
  }

  // Where the next product reads them.
  RNNFARM_HD_INLINE void StoreColumns(float* to, const TilePlace<kUnits>& at,
                                      const float (&values)[kTile][kTile]) const {
    for (int u = 0; u < kTile; ++u) {
      Four rows;
      for (int r = 0; r < kTile; ++r) rows.x[r] = values[r][u];
      StoreFour(to + (at.column + u) * kColumn + at.row, rows);
    }
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_
