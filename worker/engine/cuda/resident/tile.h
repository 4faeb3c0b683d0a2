// Products of a block's own memory in tiles of registers: four rows by four columns a thread.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_TILE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_TILE_H_

#include <cmath>

#include "base/host_device.h"

namespace rnnfarm::engine::cuda {

inline constexpr int kTile = 4;
// Rows of a resident batch, and how far apart its columns are where they are kept column by column:
// four more, which spreads a tile's columns over the memory's banks.
inline constexpr int kResidentRows = 64;
inline constexpr int kColumn = kResidentRows + 4;
// Of the resident kernels.
inline constexpr int kMostResidentHead = 8;
inline constexpr int kMostResidentOutputs = 8;

// What is read and written at once.
struct alignas(16) Four {
  float x[kTile];
};

RNNFARM_HD_INLINE Four LoadFour(const float* from) { return *reinterpret_cast<const Four*>(from); }
RNNFARM_HD_INLINE void StoreFour(float* to, const Four& four) {
  *reinterpret_cast<Four*>(to) = four;
}

// By thread: `kColumns` / 4 of them share four rows.
template <int kColumns>
struct TilePlace {
  int row, column;
  RNNFARM_HD_INLINE explicit TilePlace(int thread)
      : row(thread / (kColumns / kTile) * kTile), column(thread % (kColumns / kTile) * kTile) {}
};

// sum[g][r][c] += Σ_k left[k kLeft + r] right[k width + g apart + c].
template <int kGates, int kLeft = kColumn>
RNNFARM_HD_INLINE void MultiplyTile(const float* left, const float* right, int width, int apart,
                                    int depth, float (&sum)[kGates][kTile][kTile]) {
  RNNFARM_UNROLL_BY_4
  for (int k = 0; k < depth; ++k) {
    const Four a = LoadFour(left + k * kLeft);
    RNNFARM_UNROLL
    for (int g = 0; g < kGates; ++g) {
      const Four b = LoadFour(right + k * width + g * apart);
      for (int r = 0; r < kTile; ++r) {
        for (int c = 0; c < kTile; ++c)
          sum[g][r][c] = base::MultiplyAdd(a.x[r], b.x[c], sum[g][r][c]);
      }
    }
  }
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_RESIDENT_TILE_H_
