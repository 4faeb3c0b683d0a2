// The resident design's pass back of a network in several blocks. Each has the weights of its share
// of the gates and adds up what they pass back to all units; the owner of a unit collects the
// blocks' sums. The gates' gradients go out, for the product that makes the weights' gradient of
// them (steps_gradient.h).
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_CLUSTER_BACKWARD_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_CLUSTER_BACKWARD_H_

#include "worker/engine/cuda/element.h"
#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/resident/saved_step.h"
#include "worker/engine/cuda/resident/tile.h"

namespace rnnfarm::engine::cuda {

template <class C, class A, int kUnits, int kNetworkBlocks>
struct ClusterBackward {
  static constexpr int kBlocks = kNetworkBlocks;
  static constexpr int kOwn = kUnits / kBlocks;
  static constexpr int kThreads = kOwn / kTile * (kResidentRows / kTile);
  static constexpr int kMain = C::kMainGates;
  static constexpr bool kCandidate = C::kGates > C::kMainGates;
  static constexpr int kOwnGates = C::kGates * kOwn;
  // Shares of the units that are summed up at once.
  static constexpr int kTogether = kBlocks < 4 ? kBlocks : 4;
  // Of the gradient of [A, b], elements of a thread.
  static constexpr int kHeadElements = kOwnGates * kMostResidentHead / kThreads;
  Layout layout;
  Arrays arrays;
  int steps = 0;

  // Of each block.
  static int64_t SharedFloats(const Layout& layout) {
    return int64_t{kOwnGates} * kUnits +
           int64_t{kResidentRows} * (kOwnGates + kUnits + layout.head);
  }

  template <class Cluster>
  RNNFARM_HD void operator()(const Cluster& cluster) const {
    const int64_t slot = cluster.index();
    if (!arrays.at_work(slot)) return;
    typename Cluster::template PerThread<Kept> all_kept;
    cluster.ForEach([&](int rank, int thread) {
      LoadWeights(slot, rank, SharedOf(cluster.own(rank)), thread);
    });
    for (int t = steps - 1; t >= 0; --t) {
      cluster.ForEach([&](int rank, int thread) {
        Gates(cluster, slot, t, rank, all_kept.At(rank, thread), thread);
        LoadInputs(slot, t, SharedOf(cluster.own(rank)), thread);
      });
      if constexpr (kCandidate) {
        cluster.ForEach([&](int rank, int thread) {
          PassBack<kMain, C::kGates - kMain>(SharedOf(cluster.own(rank)), thread);
        });
        cluster.ForEach([&](int rank, int thread) {
          Candidate(cluster, slot, t, rank, all_kept.At(rank, thread), thread);
        });
      }
      cluster.ForEach([&](int rank, int thread) {
        PassBack<0, kMain>(SharedOf(cluster.own(rank)), thread);
        AddHead(SharedOf(cluster.own(rank)), all_kept.At(rank, thread), thread);
      });
    }
    cluster.ForEach([&](int rank, int thread) {
      StoreHead(slot, rank, all_kept.At(rank, thread), thread);
      StoreCarries(cluster, rank, all_kept.At(rank, thread), thread);
    });
    cluster.ForEach(
        [&](int rank, int thread) { SumInitial(slot, rank, SharedOf(cluster.own(rank)), thread); });
  }

 private:
  struct Shared {
    float* weights;  // (kOwnGates, kUnits): W alone
    float* gates;    // (kOwnGates, kResidentRows): gradients of a step's pre-activations
    float* sums;     // (kUnits, kResidentRows), see SumAt: what they pass back to each unit
    float* head;     // (head, kResidentRows): [x, 1] of a step
  };
  struct Kept {
    float carry[kTile][kTile];
    float cell_carry[C::kHasCell ? kTile : 1][kTile];
    float reset[kCandidate ? kTile : 1][kTile];  // GRU: r
    float head[kHeadElements];
  };

  RNNFARM_HD_INLINE static Shared SharedOf(float* memory) {
    Shared s;
    s.weights = memory;
    s.gates = s.weights + kOwnGates * kUnits;
    s.sums = s.gates + kOwnGates * kResidentRows;
    s.head = s.sums + kUnits * kResidentRows;
    return s;
  }

  // Four units of one row, spread over the memory's banks.
  RNNFARM_HD_INLINE static int SumAt(int unit, int row) {
    const int column = unit / kTile;
    return (column * kResidentRows + (row ^ (column & 7))) * kTile;
  }

  RNNFARM_HD void LoadWeights(int64_t slot, int rank, const Shared& s, int thread) const {
    const float* weights = arrays.weights + slot * layout.weights_size() + layout.head;
    for (int i = thread; i < kOwnGates * kUnits; i += kThreads) {
      const int j = i / kUnits, gate = j / kOwn, unit = rank * kOwn + j % kOwn;
      s.weights[i] = weights[int64_t{gate * kUnits + unit} * layout.row + i % kUnits];
    }
  }

  RNNFARM_HD_INLINE void LoadInputs(int64_t slot, int t, const Shared& s, int thread) const {
    const float* state =
        arrays.state + slot * layout.state_slot() + int64_t{t} * layout.batch * layout.row;
    for (int i = thread; i < layout.head * kResidentRows; i += kThreads) {
      const int m = i / kResidentRows, row = i % kResidentRows;
      s.head[i] = row < layout.batch ? state[row * layout.row + m] : 0;
    }
  }

  // sum += what all blocks pass back to a tile, block after block.
  template <class Cluster>
  RNNFARM_HD_INLINE void Collect(const Cluster& cluster, int unit, int row,
                                 float (&sum)[kTile][kTile]) const {
    RNNFARM_UNROLL
    for (int from = 0; from < kBlocks; ++from) {
      const float* sums = SharedOf(cluster.shared(from)).sums;
      for (int r = 0; r < kTile; ++r) {
        const Four four = LoadFour(sums + SumAt(unit, row + r));
        for (int u = 0; u < kTile; ++u) sum[r][u] += four.x[u];
      }
    }
  }

  // Of the block's gates kFirst … kFirst + kCount - 1.
  template <int kFirst, int kCount>
  RNNFARM_HD_INLINE void PassBack(const Shared& s, int thread) const {
    const TilePlace<kOwn> at(thread);
    for (int first = 0; first < kBlocks; first += kTogether) {
      float sum[kTogether][kTile][kTile] = {};
      MultiplyTile<kTogether, kResidentRows>(
          s.gates + kFirst * kOwn * kResidentRows + at.row,
          s.weights + kFirst * kOwn * kUnits + first * kOwn + at.column, kUnits, kOwn,
          kCount * kOwn, sum);
      RNNFARM_UNROLL
      for (int p = 0; p < kTogether; ++p) {
        for (int r = 0; r < kTile; ++r) {
          Four four;
          for (int u = 0; u < kTile; ++u) four.x[u] = sum[p][r][u];
          StoreFour(s.sums + SumAt((first + p) * kOwn + at.column, at.row + r), four);
        }
      }
    }
  }

  // δh' of a tile, and through the cell. The last step of a trial has nothing behind it.
  template <class Cluster>
  RNNFARM_HD_INLINE void Gates(const Cluster& cluster, int64_t slot, int t, int rank, Kept& kept,
                               int thread) const {
    const TilePlace<kOwn> at(thread);
    const int first = rank * kOwn + at.column;
    float dh[kTile][kTile];
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      for (int u = 0; u < kTile; ++u) dh[r][u] = kept.carry[r][u];
    }
    if (t + 1 < steps) Collect(cluster, first, at.row, dh);
    AddReadout(slot, t, first, at.row, dh);
    float gates[C::kGates][kTile][kTile];
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      const SavedFour<C, A> saved(layout, arrays, slot, t, at.row + r, first);
      for (int u = 0; u < kTile; ++u) {
        Element e = saved.At(u, layout.alpha);
        if constexpr (C::kHasCell) e.cell_carry_ = kept.cell_carry[r][u];
        C::Backward(e, Nowhere(), dh[r][u]);
        for (int g = 0; g < C::kGates; ++g) gates[g][r][u] = e.gate_[g];
        kept.carry[r][u] = C::kCarries ? e.carry_ : 0;
        if constexpr (C::kHasCell) kept.cell_carry[r][u] = e.cell_carry_;
        if constexpr (kCandidate) kept.reset[r][u] = e.kept_[1];
      }
    }
    const Shared s = SharedOf(cluster.own(rank));
    RNNFARM_UNROLL
    for (int g = 0; g < C::kGates; ++g) {
      // The reset gate's gradient is made in the candidate's phase.
      if (!(kCandidate && g == 1)) StoreGate(slot, t, rank, s, at, g, gates[g]);
    }
  }

  RNNFARM_HD_INLINE void AddReadout(int64_t slot, int t, int unit, int first_row,
                                    float (&dh)[kTile][kTile]) const {
    const float* readout =
        arrays.weights + slot * layout.weights_size() + layout.readout_at() + layout.head + unit;
    const float* errors =
        arrays.error + slot * layout.output_slot() + int64_t{t} * layout.batch * layout.outputs;
    for (int k = 0; k < layout.outputs; ++k) {
      const Four weight = LoadFour(readout + k * layout.row);
      RNNFARM_UNROLL
      for (int r = 0; r < kTile; ++r) {
        const int row = first_row + r;
        const float error = row < layout.batch ? errors[row * layout.outputs + k] : 0;
        for (int u = 0; u < kTile; ++u) {
          dh[r][u] = base::MultiplyAdd(error, weight.x[u], dh[r][u]);
        }
      }
    }
  }

  // For the block's next product, and for the one over all steps.
  RNNFARM_HD_INLINE void StoreGate(int64_t slot, int t, int rank, const Shared& s,
                                   const TilePlace<kOwn>& at, int g,
                                   const float (&gate)[kTile][kTile]) const {
    for (int u = 0; u < kTile; ++u) {
      Four rows;
      for (int r = 0; r < kTile; ++r) rows.x[r] = gate[r][u];
      StoreFour(s.gates + (g * kOwn + at.column + u) * kResidentRows + at.row, rows);
    }
    float* out = arrays.gates + slot * layout.gates_slot() + g * kUnits + rank * kOwn + at.column;
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      if (at.row + r >= layout.batch) continue;
      Four units;
      for (int u = 0; u < kTile; ++u) units.x[u] = gate[r][u];
      StoreFour(out + (int64_t{t} * layout.batch + at.row + r) * layout.gate_row(), units);
    }
  }

  template <class Cluster>
  RNNFARM_HD_INLINE void Candidate(const Cluster& cluster, int64_t slot, int t, int rank,
                                   Kept& kept, int thread) const {
    const TilePlace<kOwn> at(thread);
    const int first = rank * kOwn + at.column;
    float drh[kTile][kTile] = {}, gate[kTile][kTile];
    Collect(cluster, first, at.row, drh);
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      const SavedFour<C, A> saved(layout, arrays, slot, t, at.row + r, first);
      for (int u = 0; u < kTile; ++u) {
        Element e;
        e.h_ = saved.h.x[u];
        e.kept_[1] = kept.reset[r][u];
        e.carry_ = kept.carry[r][u];
        if constexpr (kCandidate) C::BackwardCandidate(e, Nowhere(), drh[r][u]);
        kept.carry[r][u] = e.carry_;
        gate[r][u] = e.gate_[1];
      }
    }
    StoreGate(slot, t, rank, SharedOf(cluster.own(rank)), at, 1, gate);
  }

  // Σ over rows of δz (j) [x, 1] (m); each j begins at a row of its own, and so at a bank.
  RNNFARM_HD_INLINE void AddHead(const Shared& s, Kept& kept, int thread) const {
    for (int n = 0; n < kHeadElements; ++n) {
      const int j = (thread + n * kThreads) % kOwnGates, m = (thread + n * kThreads) / kOwnGates;
      if (m > layout.inputs) continue;
      float sum = kept.head[n];
      for (int i = 0; i < kResidentRows; ++i) {
        const int row = (i + j) % kResidentRows;
        sum = base::MultiplyAdd(s.gates[j * kResidentRows + row], s.head[m * kResidentRows + row],
                                sum);
      }
      kept.head[n] = sum;
    }
  }

  RNNFARM_HD void StoreHead(int64_t slot, int rank, const Kept& kept, int thread) const {
    float* gradient = arrays.gradient + slot * layout.weights_size();
    for (int n = 0; n < kHeadElements; ++n) {
      const int j = (thread + n * kThreads) % kOwnGates, m = (thread + n * kThreads) / kOwnGates;
      if (m > layout.inputs) continue;
      const int unit = rank * kOwn + j % kOwn;
      gradient[int64_t{j / kOwn * kUnits + unit} * layout.row + m] = kept.head[n];
    }
  }

  // ∂loss/∂h_0 and ∂loss/∂c_0 of every row, where the gates' gradients were.
  template <class Cluster>
  RNNFARM_HD void StoreCarries(const Cluster& cluster, int rank, const Kept& kept,
                               int thread) const {
    const TilePlace<kOwn> at(thread);
    float dh[kTile][kTile];
    RNNFARM_UNROLL
    for (int r = 0; r < kTile; ++r) {
      for (int u = 0; u < kTile; ++u) dh[r][u] = kept.carry[r][u];
    }
    Collect(cluster, rank * kOwn + at.column, at.row, dh);
    float* to = SharedOf(cluster.own(rank)).gates;
    StoreColumns(to, at, dh);
    if constexpr (C::kHasCell) StoreColumns(to + kOwn * kResidentRows, at, kept.cell_carry);
  }
  RNNFARM_HD_INLINE static void StoreColumns(float* to, const TilePlace<kOwn>& at,
                                             const float (&tile)[kTile][kTile]) {
    for (int u = 0; u < kTile; ++u) {
      Four rows;
      for (int r = 0; r < kTile; ++r) rows.x[r] = tile[r][u];
      StoreFour(to + (at.column + u) * kResidentRows + at.row, rows);
    }
  }

  RNNFARM_HD void SumInitial(int64_t slot, int rank, const Shared& s, int thread) const {
    constexpr int kParts = C::kHasCell ? 2 : 1;
    float* to = arrays.gradient + slot * layout.weights_size() + layout.initial_at();
    for (int i = thread; i < kParts * kOwn; i += kThreads) {
      float sum = 0;
      for (int row = 0; row < layout.batch; ++row) sum += s.gates[i * kResidentRows + row];
      to[i / kOwn * kUnits + rank * kOwn + i % kOwn] = sum;
    }
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_CLUSTER_BACKWARD_H_
