// The gradient of the recurrent weights over all steps of a trial at once, from what a cluster's
// passes left: Σ over steps and rows of δz (j) h (k), with r h in the place of h for a candidate.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_STEPS_GRADIENT_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_STEPS_GRADIENT_H_

#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/resident/tile.h"

namespace rnnfarm::engine::cuda {

// A block makes kGates x kUnits elements of one network's gradient.
struct StepsGradient {
  static constexpr int kGates = 64, kUnits = 128, kHalf = kUnits / 2;
  static constexpr int kThreads = kGates / kTile * (kHalf / kTile);
  // Rows of states that are in the block's memory at once, two lots of them.
  static constexpr int kRows = 16;
  static constexpr int kGatesApart = kGates + 4;
  static constexpr int64_t kSharedFloats = 2 * kRows * (kGatesApart + kUnits);
  Layout layout;
  Arrays arrays;
  int steps = 0;

  // The units are a multiple of a block's.
  RNNFARM_HD static int UnitTiles(const Layout& layout) { return layout.units / kUnits; }
  RNNFARM_HD static int64_t SlotBlocks(const Layout& layout) {
    return layout.gate_row() / kGates * UnitTiles(layout);
  }

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t slot = block.index() / SlotBlocks(layout);
    if (!arrays.at_work(slot)) return;
    const int tile = static_cast<int>(block.index() % SlotBlocks(layout));
    const int gate = tile / UnitTiles(layout) * kGates, unit = tile % UnitTiles(layout) * kUnits;
    const int rows = steps * layout.batch;
    typename Block::template PerThread<Sums> sums;
    block.ForEach(
        [&](int thread) { Fetch(slot, gate, unit, 0, rows, thread).Put(block.shared(), thread); });
    for (int first = 0, lot = 0; first < rows; first += kRows, lot ^= 1) {
      block.ForEach([&](int thread) {
        // On its way while the lot before is multiplied.
        const Fetched next = Fetch(slot, gate, unit, first + kRows, rows, thread);
        const float* gates = Lot(block.shared(), lot);
        const TilePlace<kHalf> at(thread);
        MultiplyTile<2, kGatesApart>(gates + at.row, gates + kRows * kGatesApart + at.column,
                                     kUnits, kHalf, kRows, sums[thread].sum);
        next.Put(Lot(block.shared(), lot ^ 1), thread);
      });
    }
    block.ForEach([&](int thread) { Store(slot, gate, unit, sums[thread], thread); });
  }

 private:
  struct Sums {
    float sum[2][kTile][kTile];
  };

  RNNFARM_HD_INLINE static float* Lot(float* shared, int lot) {
    return shared + lot * kRows * (kGatesApart + kUnits);
  }

  // What a thread loads of a lot: rows of gates, then of units.
  struct Fetched {
    static constexpr int kGateFours = kRows * kGates / kTile / kThreads;
    static constexpr int kUnitFours = kRows * kUnits / kTile / kThreads;
    Four gates[kGateFours], units[kUnitFours];

    RNNFARM_HD_INLINE void Put(float* to, int thread) const {
      RNNFARM_UNROLL
      for (int n = 0; n < kGateFours; ++n) {
        const int i = thread + n * kThreads;
        StoreFour(to + i / (kGates / kTile) * kGatesApart + i % (kGates / kTile) * kTile, gates[n]);
      }
      RNNFARM_UNROLL
      for (int n = 0; n < kUnitFours; ++n) {
        StoreFour(to + kRows * kGatesApart + (thread + n * kThreads) * kTile, units[n]);
      }
    }
  };

  // Zero beyond the last row.
  RNNFARM_HD_INLINE Fetched Fetch(int64_t slot, int gate, int unit, int first, int rows,
                                  int thread) const {
    const float* gates = arrays.gates + slot * layout.gates_slot() + gate;
    const bool candidate = gate >= layout.main_gates * layout.units;
    const float* units =
        (candidate ? arrays.reset : arrays.state) + slot * layout.state_slot() + layout.head + unit;
    Fetched fetched;
    RNNFARM_UNROLL
    for (int n = 0; n < Fetched::kGateFours; ++n) {
      const int i = thread + n * kThreads, row = first + i / (kGates / kTile);
      const float* from = gates + row * layout.gate_row() + i % (kGates / kTile) * kTile;
      fetched.gates[n] = row < rows ? LoadFour(from) : Four{};
    }
    RNNFARM_UNROLL
    for (int n = 0; n < Fetched::kUnitFours; ++n) {
      const int i = thread + n * kThreads, row = first + i / (kUnits / kTile);
      const float* from = units + int64_t{row} * layout.row + i % (kUnits / kTile) * kTile;
      fetched.units[n] = row < rows ? LoadFour(from) : Four{};
    }
    return fetched;
  }

  RNNFARM_HD_INLINE void Store(int64_t slot, int gate, int unit, const Sums& sums,
                               int thread) const {
    const TilePlace<kHalf> at(thread);
    float* gradient = arrays.gradient + slot * layout.weights_size() + layout.head + unit;
    RNNFARM_UNROLL
    for (int half = 0; half < 2; ++half) {
      for (int r = 0; r < kTile; ++r) {
        Four four;
        for (int u = 0; u < kTile; ++u) four.x[u] = sums.sum[half][r][u];
        StoreFour(gradient + int64_t{gate + at.row + r} * layout.row + half * kHalf + at.column,
                  four);
      }
    }
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_STEPS_GRADIENT_H_
