// The resident design's pass back of a network in one block: weights and gradients of the gates in
// the block's own memory, the gradient of the weights in its registers for all steps.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_BACKWARD_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_BACKWARD_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/resident/saved_step.h"
#include "worker/engine/cuda/resident/tile.h"

namespace rnnfarm::engine::cuda {

template <class C, class A, int kUnits>
struct ResidentBackward {
  static constexpr int kRowGroups = kResidentRows / kTile;
  static constexpr int kThreads = kUnits / kTile * kRowGroups;
  static constexpr int kMain = C::kMainGates;
  static constexpr bool kCandidate = C::kGates > C::kMainGates;
  static constexpr int kGateRow = C::kGates * kUnits;
  // Of the weights' gradient, a thread has four columns of these rows: every kRowGroups-th.
  static constexpr int kGradientRows = kGateRow / kRowGroups;
  // And of [A, b]'s so many elements.
  static constexpr int kHeadElements = kGateRow * kMostResidentHead / kThreads;
  Layout layout;
  Arrays arrays;
  int steps = 0;

  static int64_t SharedFloats(const Layout& layout) {
    return int64_t{kGateRow} * kUnits + int64_t{kGateRow} * kColumn +
           int64_t{kResidentRows} * layout.row + (kCandidate ? kResidentRows * kUnits : 0) +
           int64_t{layout.outputs} * (kUnits + kResidentRows);
  }

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t slot = block.index();
    if (!arrays.at_work(slot)) return;
    Shared s;
    s.weights = block.shared();
    s.gates = s.weights + kGateRow * kUnits;
    s.state = s.gates + kGateRow * kColumn;
    s.reset = s.state + kResidentRows * layout.row;
    s.readout = s.reset + (kCandidate ? kResidentRows * kUnits : 0);
    s.error = s.readout + layout.outputs * kUnits;
    typename Block::template PerThread<Kept> kept;
    block.ForEach([&](int thread) {
      LoadWeights(slot, s, thread);
      LoadError(slot, steps - 1, s, thread);
    });
    for (int t = steps - 1; t >= 0; --t) {
      block.ForEach([&](int thread) { Gates(slot, t, s, kept[thread], thread); });
      block.ForEach([&](int thread) {
        LoadState(slot, t, s, thread);
        StoreGates(s, kept[thread], thread);
      });
      if constexpr (kCandidate) {
        block.ForEach([&](int thread) { Candidate(slot, t, s, kept[thread], thread); });
      }
      block.ForEach([&](int thread) {
        if (t > 0) LoadError(slot, t - 1, s, thread);
        AddGradient(s, kept[thread], thread);
      });
    }
    block.ForEach([&](int thread) {
      StoreGradient(slot, kept[thread], thread);
      StoreCarry(s, kept[thread], thread);
    });
    block.ForEach([&](int thread) { SumInitial(slot, s, thread); });
    if constexpr (C::kHasCell) {
      block.ForEach([&](int thread) { StoreTile(s.state, kept[thread].cell_carry, thread); });
      block.ForEach([&](int thread) { SumRows(slot, s.state, kUnits, thread); });
    }
  }

 private:
  struct Shared {
    float* weights;  // (kGateRow, kUnits): W alone
    float* gates;    // (kGateRow, kColumn): gradients of a step's pre-activations
    float* state;    // (kResidentRows, row): [x, 1, h] of a step
    float* reset;    // GRU: (kResidentRows, kUnits): r h
    float* readout;  // (outputs, kUnits)
    float* error;    // (outputs, kResidentRows)
  };
  struct Kept {
    float carry[kTile][kTile];
    float cell_carry[C::kHasCell ? kTile : 1][kTile];
    float gate[C::kGates][kTile][kTile];
    float gradient[kGradientRows][kTile];
    float head[kHeadElements];
  };

  RNNFARM_HD_INLINE const float* StateRow(int64_t slot, int t, int row) const {
    return arrays.state + slot * layout.state_slot() +
           (int64_t{t} * layout.batch + row) * layout.row;
  }

  RNNFARM_HD void LoadWeights(int64_t slot, const Shared& s, int thread) const {
    const float* weights = arrays.weights + slot * layout.weights_size();
    for (int i = thread; i < kGateRow * kUnits; i += kThreads) {
      s.weights[i] = weights[i / kUnits * layout.row + layout.head + i % kUnits];
    }
    const float* readout = weights + layout.readout_at() + layout.head;
    for (int i = thread; i < layout.outputs * kUnits; i += kThreads) {
      s.readout[i] = readout[i / kUnits * layout.row + i % kUnits];
    }
  }

  RNNFARM_HD_INLINE void LoadError(int64_t slot, int t, const Shared& s, int thread) const {
    const float* error =
        arrays.error + slot * layout.output_slot() + int64_t{t} * layout.batch * layout.outputs;
    for (int i = thread; i < layout.outputs * kResidentRows; i += kThreads) {
      const int row = i % kResidentRows, k = i / kResidentRows;
      s.error[i] = row < layout.batch ? error[row * layout.outputs + k] : 0;
    }
  }

  RNNFARM_HD_INLINE void LoadState(int64_t slot, int t, const Shared& s, int thread) const {
    const int fours = layout.row / kTile;
    for (int i = thread; i < kResidentRows * fours; i += kThreads) {
      const int row = i / fours, column = i % fours * kTile;
      StoreFour(s.state + row * layout.row + column,
                row < layout.batch ? LoadFour(StateRow(slot, t, row) + column) : Four{});
    }
  }

  // δh' of a tile, and through the cell; the first step that is asked for has nothing in `gates`.
  RNNFARM_HD_INLINE void Gates(int64_t slot, int t, const Shared& s, Kept& kept, int thread) const {
    const TilePlace<kUnits> at(thread);
    float dh[1][kTile][kTile];
    BackThroughWeights(s, kept, at, t + 1 < steps, dh);
    for (int k = 0; k < layout.outputs; ++k) {
      const Four error = LoadFour(s.error + k * kResidentRows + at.row);
      const Four readout = LoadFour(s.readout + k * kUnits + at.column);
      RNNFARM_UNROLL
      for (int r = 0; r < kTile; ++r) {
        for (int u = 0; u < kTile; ++u) {
          dh[0][r][u] = base::MultiplyAdd(error.x[r], readout.x[u], dh[0][r][u]);
        }
      }
    }
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      const SavedFour<C, A> saved(layout, arrays, slot, t, at.row + r, at.column);
      for (int u = 0; u < kTile; ++u) {
        Element e = saved.At(u, layout.alpha);
        if constexpr (C::kHasCell) e.cell_carry_ = kept.cell_carry[r][u];
        C::Backward(e, Nowhere(), dh[0][r][u]);
        for (int g = 0; g < C::kGates; ++g) kept.gate[g][r][u] = e.gate_[g];
        kept.carry[r][u] = C::kCarries ? e.carry_ : 0;
        if constexpr (C::kHasCell) kept.cell_carry[r][u] = e.cell_carry_;
        // The candidate's phase needs r, whose gradient is made there.
        if constexpr (kCandidate) kept.gate[1][r][u] = e.kept_[1];
      }
    }
  }

  // dh = carry + δz W of the main gates.
  RNNFARM_HD_INLINE void BackThroughWeights(const Shared& s, const Kept& kept,
                                            const TilePlace<kUnits>& at, bool later,
                                            float (&dh)[1][kTile][kTile]) const {
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      for (int u = 0; u < kTile; ++u) dh[0][r][u] = kept.carry[r][u];
    }
    if (!later) return;
    MultiplyTile(s.gates + at.row, s.weights + at.column, kUnits, 0, kMain * kUnits, dh);
  }

  RNNFARM_HD_INLINE void StoreGates(const Shared& s, const Kept& kept, int thread) const {
    const TilePlace<kUnits> at(thread);
    for (int g = 0; g < C::kGates; ++g) {
      if (kCandidate && g == 1) continue;
      StoreGate(s, kept, at, g);
    }
  }
  RNNFARM_HD_INLINE void StoreGate(const Shared& s, const Kept& kept, const TilePlace<kUnits>& at,
                                   int g) const {
    for (int u = 0; u < kTile; ++u) {
      Four rows;
      for (int r = 0; r < kTile; ++r) rows.x[r] = kept.gate[g][r][u];
      StoreFour(s.gates + (g * kUnits + at.column + u) * kColumn + at.row, rows);
    }
  }

  RNNFARM_HD_INLINE void Candidate(int64_t, int, const Shared& s, Kept& kept, int thread) const {
    const TilePlace<kUnits> at(thread);
    constexpr int kFirst = kMain * kUnits;
    float drh[1][kTile][kTile] = {};
    MultiplyTile(s.gates + kFirst * kColumn + at.row, s.weights + kFirst * kUnits + at.column,
                 kUnits, 0, kUnits, drh);
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four reset;
      const Four h = LoadFour(s.state + (at.row + r) * layout.row + layout.head + at.column);
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.h_ = h.x[u];
        e.kept_[1] = kept.gate[1][r][u];
        e.carry_ = kept.carry[r][u];
        if constexpr (kCandidate) C::BackwardCandidate(e, Nowhere(), drh[0][r][u]);
        reset.x[u] = e.kept_[1] * h.x[u];
        kept.carry[r][u] = e.carry_;
        kept.gate[1][r][u] = e.gate_[1];
      }
      StoreFour(s.reset + (at.row + r) * kUnits + at.column, reset);
    }
    StoreGate(s, kept, at, 1);
  }

  // Σ over rows of δz (j) [x, 1, h or r h].
  RNNFARM_HD_INLINE void AddGradient(const Shared& s, Kept& kept, int thread) const {
    const int column = thread % (kUnits / kTile) * kTile, first = thread / (kUnits / kTile);
    RNNFARM_UNROLL_BY_4
    for (int row = 0; row < kResidentRows; ++row) {
      const Four h = LoadFour(s.state + row * layout.row + layout.head + column);
      Four reset = h;
      if constexpr (kCandidate) reset = LoadFour(s.reset + row * kUnits + column);
      for (int i = 0; i < kGradientRows; ++i) {
        const float d = s.gates[(i * kRowGroups + first) * kColumn + row];
        const Four& factor = i * kRowGroups >= kMain * kUnits ? reset : h;
        for (int u = 0; u < kTile; ++u) {
          kept.gradient[i][u] = base::MultiplyAdd(d, factor.x[u], kept.gradient[i][u]);
        }
      }
    }
    for (int n = 0; n < kHeadElements; ++n) {
      const int j = (thread + n * kThreads) % kGateRow, m = (thread + n * kThreads) / kGateRow;
      if (m > layout.inputs) continue;
      float sum = kept.head[n];
      for (int row = 0; row < kResidentRows; ++row) {
        sum = base::MultiplyAdd(s.gates[j * kColumn + row], s.state[row * layout.row + m], sum);
      }
      kept.head[n] = sum;
    }
  }

  RNNFARM_HD void StoreGradient(int64_t slot, const Kept& kept, int thread) const {
    float* gradient = arrays.gradient + slot * layout.weights_size();
    const int column = thread % (kUnits / kTile) * kTile, first = thread / (kUnits / kTile);
    for (int i = 0; i < kGradientRows; ++i) {
      Four four;
      for (int u = 0; u < kTile; ++u) four.x[u] = kept.gradient[i][u];
      StoreFour(gradient + (i * kRowGroups + first) * layout.row + layout.head + column, four);
    }
    for (int n = 0; n < kHeadElements; ++n) {
      const int j = (thread + n * kThreads) % kGateRow, m = (thread + n * kThreads) / kGateRow;
      if (m <= layout.inputs) gradient[j * layout.row + m] = kept.head[n];
    }
  }

  // ∂loss/∂h_0 of every row, where the states were.
  RNNFARM_HD void StoreCarry(const Shared& s, const Kept& kept, int thread) const {
    const TilePlace<kUnits> at(thread);
    float dh[1][kTile][kTile];
    BackThroughWeights(s, kept, at, true, dh);
    StoreTile(s.state, dh[0], thread);
  }
  RNNFARM_HD_INLINE void StoreTile(float* to, const float (&tile)[kTile][kTile], int thread) const {
    const TilePlace<kUnits> at(thread);
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four four;
      for (int u = 0; u < kTile; ++u) four.x[u] = tile[r][u];
      StoreFour(to + (at.row + r) * layout.row + at.column, four);
    }
  }
  RNNFARM_HD void SumInitial(int64_t slot, const Shared& s, int thread) const {
    SumRows(slot, s.state, 0, thread);
  }
  RNNFARM_HD_INLINE void SumRows(int64_t slot, const float* carries, int first, int thread) const {
    float* to = arrays.gradient + slot * layout.weights_size() + layout.initial_at() + first;
    for (int unit = thread; unit < kUnits; unit += kThreads) {
      float sum = 0;
      for (int row = 0; row < layout.batch; ++row) sum += carries[row * layout.row + unit];
      to[unit] = sum;
    }
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_BACKWARD_H_
