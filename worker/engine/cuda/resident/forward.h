// The resident design's pass forward: a network's weights and state stay in the memory of its own
// blocks for all steps. Each block has the weights of its share of the units and a copy of the
// whole state; what it computes goes into all copies.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/resident/tile.h"

namespace rnnfarm::engine::cuda {

template <class C, int kUnits, int kNetworkBlocks = 1>
struct ResidentForward {
  static constexpr int kBlocks = kNetworkBlocks;
  static constexpr int kOwn = kUnits / kBlocks;
  static constexpr int kThreads = kOwn / kTile * (kResidentRows / kTile);
  static constexpr int kMain = C::kMainGates;
  static constexpr bool kCandidate = C::kGates > C::kMainGates;
  Layout layout;
  Arrays arrays;
  int steps = 0;

  // Of each block.
  static int64_t SharedFloats(const Layout& layout) {
    return int64_t{layout.row} * C::kGates * kOwn + int64_t{layout.row} * kColumn;
  }

  template <class Cluster>
  RNNFARM_HD void operator()(const Cluster& cluster) const {
    const int64_t slot = cluster.index();
    if (!arrays.at_work(slot)) return;
    typename Cluster::template PerThread<Kept> all_kept;
    cluster.ForEach([&](int rank, int thread) {
      const Shared s = SharedOf(cluster.own(rank));
      LoadWeights(slot, rank, s, thread);
      BeginState(slot, rank, s.state, thread);
      BeginCell(slot, rank, all_kept.At(rank, thread), thread);
    });
    for (int t = 0; t < steps; ++t) {
      cluster.ForEach([&](int rank, int thread) {
        Gates(slot, t, rank, SharedOf(cluster.own(rank)), all_kept.At(rank, thread), thread);
      });
      cluster.ForEach([&](int rank, int thread) {
        Spread(cluster, rank, all_kept.At(rank, thread), thread);
        if (!kCandidate && t + 1 < steps) {
          LoadInputs(slot, t + 1, SharedOf(cluster.own(rank)).state, thread);
        }
      });
      if constexpr (kCandidate) {
        cluster.ForEach([&](int rank, int thread) {
          Candidate(slot, t, rank, SharedOf(cluster.own(rank)), all_kept.At(rank, thread), thread);
        });
        cluster.ForEach([&](int rank, int thread) {
          Spread(cluster, rank, all_kept.At(rank, thread), thread);
          if (t + 1 < steps) LoadInputs(slot, t + 1, SharedOf(cluster.own(rank)).state, thread);
        });
      }
    }
  }

 private:
  struct Shared {
    float* main;       // (row, kMain kOwn)
    float* candidate;  // (row, kOwn)
    float* state;      // (row, kColumn): [x, 1, h], or r h in the place of h
  };
  RNNFARM_HD_INLINE Shared SharedOf(float* memory) const {
    return {memory, memory + layout.row * kMain * kOwn, memory + layout.row * C::kGates * kOwn};
  }

  struct Kept {
    float to[kTile][kTile];                   // h', or r h
    float c[C::kHasCell ? kTile : 1][kTile];  // LSTM
    float u[kCandidate ? kTile : 1][kTile];   // GRU
    float h[kCandidate ? kTile : 1][kTile];
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

  // Transposed: the gates of the block's units side by side.
  RNNFARM_HD void LoadWeights(int64_t slot, int rank, const Shared& s, int thread) const {
    const float* weights = arrays.weights + slot * layout.weights_size();
    const int size = C::kGates * kOwn * layout.row;
    for (int i = thread; i < size; i += kThreads) {
      const int j = i / layout.row, k = i % layout.row;
      const int gate = j / kOwn, unit = rank * kOwn + j % kOwn;
      const float weight = weights[int64_t{gate * kUnits + unit} * layout.row + k];
      if (gate < kMain) {
        s.main[k * kMain * kOwn + j] = weight;
      } else {
        s.candidate[k * kOwn + j - kMain * kOwn] = weight;
      }
    }
  }

  RNNFARM_HD_INLINE void LoadInputs(int64_t slot, int t, float* state, int thread) const {
    for (int i = thread; i < layout.head * kResidentRows; i += kThreads) {
      const int m = i / kResidentRows, row = i % kResidentRows;
      state[m * kColumn + row] = row < layout.batch ? StateRow(slot, t, row)[m] : 0;
    }
  }

  RNNFARM_HD void BeginState(int64_t slot, int rank, float* state, int thread) const {
    LoadInputs(slot, 0, state, thread);
    const float* initial = arrays.weights + slot * layout.weights_size() + layout.initial_at();
    for (int i = thread; i < kUnits * kResidentRows; i += kThreads) {
      const int row = i / kUnits, unit = i % kUnits;
      state[(layout.head + unit) * kColumn + row] = initial[unit];
      if (row < layout.batch && unit / kOwn == rank) {
        StateRow(slot, 0, row)[layout.head + unit] = initial[unit];
      }
    }
  }

  RNNFARM_HD void BeginCell(int64_t slot, int rank, Kept& kept, int thread) const {
    if constexpr (C::kHasCell) {
      const TilePlace<kOwn> at(thread);
      const int unit = rank * kOwn + at.column;
      const float* initial =
          arrays.weights + slot * layout.weights_size() + layout.initial_at() + kUnits + unit;
      RNNFARM_UNROLL
      for (int r = 0; r < kTile; ++r) {
        Four c;
        for (int u = 0; u < kTile; ++u) c.x[u] = kept.c[r][u] = initial[u];
        if (at.row + r < layout.batch) StoreFour(CellRow(slot, 0, at.row + r) + unit, c);
      }
    }
  }

  RNNFARM_HD_INLINE float NoiseOf(int64_t slot, int t, int row, int unit) const {
    if (arrays.noise == nullptr || row >= layout.batch) return 0;
    return arrays
        .noise[slot * layout.noise_slot() + (int64_t{row} * layout.steps + t) * kUnits + unit];
  }

  // Pre-activations of a tile from the rows of a state.
  template <int kGates>
  RNNFARM_HD_INLINE void PreActivations(const float* weights, const float* state,
                                        const TilePlace<kOwn>& at,
                                        float (&z)[kGates][kTile][kTile]) const {
    constexpr int kWidth = kGates * kOwn;
    MultiplyTile(state + at.row, weights + at.column, kWidth, kOwn, layout.head, z);
    MultiplyTile(state + layout.head * kColumn + at.row, weights + layout.head * kWidth + at.column,
                 kWidth, kOwn, kUnits, z);
  }

  RNNFARM_HD_INLINE void Gates(int64_t slot, int t, int rank, const Shared& s, Kept& kept,
                               int thread) const {
    const TilePlace<kOwn> at(thread);
    const int first = rank * kOwn + at.column;  // unit
    const float* units = s.state + (layout.head + first) * kColumn + at.row;
    float z[kMain][kTile][kTile] = {};
    PreActivations(s.main, s.state, at, z);
    constexpr int kKept = C::kKept < kMain ? C::kKept : kMain;
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four values[kKept > 0 ? kKept : 1], cell;
      RNNFARM_UNROLL
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.alpha_ = layout.alpha;
        e.noise_ = NoiseOf(slot, t, at.row + r, first + u);
        e.h_ = units[u * kColumn + r];
        if constexpr (C::kHasCell) e.c_ = kept.c[r][u];
        float of_gates[kMain];
        for (int g = 0; g < kMain; ++g) of_gates[g] = z[g][r][u];
        C::Forward(e, Nowhere(), of_gates);
        for (int g = 0; g < kKept; ++g) values[g].x[u] = e.kept_[g];
        if constexpr (C::kHasCell) cell.x[u] = kept.c[r][u] = e.next_c_;
        if constexpr (kCandidate) {
          kept.u[r][u] = e.kept_[0];
          kept.h[r][u] = e.h_;
        }
        kept.to[r][u] = kCandidate ? e.reset_h_ : e.next_h_;
      }
      if (at.row + r >= layout.batch) continue;
      for (int g = 0; g < kKept; ++g) {
        StoreFour(GateRow(slot, t, at.row + r) + g * kUnits + first, values[g]);
      }
      if constexpr (C::kHasCell) StoreFour(CellRow(slot, t + 1, at.row + r) + first, cell);
      if constexpr (!kCandidate) StoreRow(StateRow(slot, t + 1, at.row + r), first, kept.to[r]);
      if constexpr (kCandidate && kBlocks > 1) {
        const int64_t row = int64_t{t} * layout.batch + at.row + r;
        StoreRow(arrays.reset + slot * layout.state_slot() + row * layout.row, first, kept.to[r]);
      }
    }
  }

  RNNFARM_HD_INLINE void Candidate(int64_t slot, int t, int rank, const Shared& s, Kept& kept,
                                   int thread) const {
    const TilePlace<kOwn> at(thread);
    const int first = rank * kOwn + at.column;
    float z[1][kTile][kTile] = {};
    PreActivations(s.candidate, s.state, at, z);
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      Four value;
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.h_ = kept.h[r][u];
        e.kept_[0] = kept.u[r][u];
        const float of_gate[1] = {z[0][r][u]};
        if constexpr (kCandidate) C::ForwardCandidate(e, Nowhere(), of_gate);
        value.x[u] = e.kept_[2];
        kept.to[r][u] = e.next_h_;
      }
      if (at.row + r >= layout.batch) continue;
      StoreFour(GateRow(slot, t, at.row + r) + kMain * kUnits + first, value);
      StoreRow(StateRow(slot, t + 1, at.row + r), first, kept.to[r]);
    }
  }

  // Into a row of the states.
  RNNFARM_HD_INLINE void StoreRow(float* row, int unit, const float (&h)[kTile]) const {
    Four four;
    for (int u = 0; u < kTile; ++u) four.x[u] = h[u];
    StoreFour(row + layout.head + unit, four);
  }

  // A tile into every block's copy of the state.
  template <class Cluster>
  RNNFARM_HD_INLINE void Spread(const Cluster& cluster, int rank, const Kept& kept,
                                int thread) const {
    const TilePlace<kOwn> at(thread);
    RNNFARM_UNROLL
    for (int to = 0; to < kBlocks; ++to) {
      float* units = SharedOf(cluster.shared(to)).state +
                     (layout.head + rank * kOwn + at.column) * kColumn + at.row;
      for (int u = 0; u < kTile; ++u) {
        Four rows;
        for (int r = 0; r < kTile; ++r) rows.x[r] = kept.to[r][u];
        StoreFour(units + u * kColumn, rows);
      }
    }
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_FORWARD_H_
