// The gradient of the recurrent weights over all steps of a trial at once, from what a cluster's
// passes left: Σ over steps and rows of δz (j) h (k), with r h in the place of h for a candidate.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_STEPS_GRADIENT_H_
#define RNNFARM_WORKER_ENGINE_CUDA_STEPS_GRADIENT_H_

#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/tile.h"

namespace rnnfarm::engine::cuda {

// A block makes kGates x kUnits elements of one network's gradient.
struct StepsGradient {
  static constexpr int kGates = 64, kUnits = 128, kHalf = kUnits / 2;
  static constexpr int kThreads = kGates / kTile * (kHalf / kTile);
  // Rows of states that are in the block's memory at once, two lots of them: one is multiplied
  // while the other is loaded.
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
    block.ForEach([&](int thread) { LoadRows(slot, gate, unit, 0, rows, block.shared(), thread); });
    for (int first = 0, lot = 0; first < rows; first += kRows, lot ^= 1) {
      block.ForEach([&](int thread) {
        if (first + kRows < rows) {
          LoadRows(slot, gate, unit, first + kRows, rows, Lot(block.shared(), lot ^ 1), thread);
        }
        const float* gates = Lot(block.shared(), lot);
        const TilePlace<kHalf> at(thread);
        MultiplyTile<2, kGatesApart>(gates + at.row, gates + kRows * kGatesApart + at.column,
                                     kUnits, kHalf, kRows, sums[thread].sum);
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

  // Zero beyond the last row.
  RNNFARM_HD_INLINE void LoadRows(int64_t slot, int gate, int unit, int first, int rows, float* to,
                                  int thread) const {
    const float* gates = arrays.gates + slot * layout.gates_slot() + gate;
    const bool candidate = gate >= layout.main_gates * layout.units;
    const float* units =
        (candidate ? arrays.reset : arrays.state) + slot * layout.state_slot() + layout.head + unit;
    for (int i = thread; i < kRows * (kGates / kTile); i += kThreads) {
      const int row = i / (kGates / kTile), column = i % (kGates / kTile) * kTile;
      const Four four = first + row < rows
                            ? LoadFour(gates + (first + row) * layout.gate_row() + column)
                            : Four{};
      StoreFour(to + row * kGatesApart + column, four);
    }
    for (int i = thread; i < kRows * (kUnits / kTile); i += kThreads) {
      const int row = i / (kUnits / kTile), column = i % (kUnits / kTile) * kTile;
      const Four four = first + row < rows
                            ? LoadFour(units + int64_t{first + row} * layout.row + column)
                            : Four{};
      StoreFour(to + kRows * kGatesApart + row * kUnits + column, four);
    }
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

#endif  // RNNFARM_WORKER_ENGINE_CUDA_STEPS_GRADIENT_H_
