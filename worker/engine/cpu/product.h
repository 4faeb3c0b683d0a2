// Small matrix products whose factors stay in cache: a tile of rows times a panel of up to four
// vectors of columns, summed in registers and handed to what comes next without going to memory.
//
// Every element is one chain of multiply-adds in the order of the inner index, so its bits depend
// neither on the vectors' length nor on the shape of the tiles.
#ifndef RNNFARM_WORKER_ENGINE_CPU_PRODUCT_H_
#define RNNFARM_WORKER_ENGINE_CPU_PRODUCT_H_

#include <cstdint>

#include "base/host_device.h"

namespace rnnfarm::engine::cpu {

inline constexpr int kPanelVectors = 4;

template <int n>
struct Count {
  static constexpr int value = n;
};

// f(Count<size>(), first) for tiles of kMax things, and once for what is left of `count`.
template <int kMax, typename F>
RNNFARM_HD_INLINE void ForEachTile(int count, F f) {
  int first = 0;
  for (; first + kMax <= count; first += kMax) f(Count<kMax>(), first);
  if constexpr (kMax > 3) {
    if (count - first == 3) f(Count<3>(), first);
  }
  if constexpr (kMax > 2) {
    if (count - first == 2) f(Count<2>(), first);
  }
  if constexpr (kMax > 1) {
    if (count - first == 1) f(Count<1>(), first);
  }
}

// Memory that will be needed soon, fetched a cache line at a time while products are summed: far
// apart enough to leave the way free for the products' own factors.
class Stream {
 public:
  Stream() = default;
  Stream(const float* from, int64_t floats, int64_t tiles)
      : next_(from), lines_(static_cast<int>((floats / kLineFloats + tiles - 1) / tiles)) {}

  // Called for each k of a tile's sum.
  RNNFARM_HD_INLINE void Fetch(int k) const {
    if (k < lines_) __builtin_prefetch(next_ + int64_t{k} * kLineFloats, 1, 2);
  }
  RNNFARM_HD_INLINE void EndTile() { next_ += int64_t{lines_} * kLineFloats; }

 private:
  static constexpr int kLineFloats = 16;

  const float* next_ = nullptr;
  int lines_ = 0;  // a tile
};

// The same for rows, without a last tile of one row where it can be helped: too few sums to hide
// the latency of each.
template <int kMax, typename F>
RNNFARM_HD_INLINE void ForEachRowTile(int count, F f) {
  if constexpr (kMax >= 3) {
    if (count > kMax && count % kMax == 1) {
      const int whole = count - kMax - 1;
      ForEachTile<kMax>(whole, f);
      constexpr int kSmaller = (kMax + 1) / 2;
      f(Count<kMax + 1 - kSmaller>(), whole);
      f(Count<kSmaller>(), whole + kMax + 1 - kSmaller);
      return;
    }
  }
  ForEachTile<kMax>(count, f);
}

// sum[r][v] += Σ_k a[r row + k step] · (vector v of b[k width …]), k = 0 … depth - 1.
template <class V, int kRows, int kVectors>
RNNFARM_HD_INLINE void MultiplyAdd(typename V::F (&sum)[kRows][kVectors], const float* a,
                                   int64_t row, int64_t step, const float* b, int64_t width,
                                   int depth, const Stream& stream = {}) {
  for (int k = 0; k < depth; ++k) {
    stream.Fetch(k);
    typename V::F columns[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) columns[v] = V::Load(b + v * V::kLanes);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const typename V::F factor = V::Set(a[r * row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = V::Fma(factor, columns[v], sum[r][v]);
    }
    a += step;
    b += width;
  }
}

template <class V, int kRows, int kVectors>
RNNFARM_HD_INLINE void Clear(typename V::F (&sum)[kRows][kVectors]) {
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[r][v] = V::Zero();
  }
}

// c[m, n] += Σ_k a[m + k step] · b[k width + n], for m < rows and n < vectors · lanes; the sums of
// one call are made apart and then added.
template <class V>
void AddProduct(const float* a, int64_t step, const float* b, int64_t width, float* c,
                int64_t c_row, int rows, int vectors, int depth) {
  ForEachTile<kPanelVectors>(vectors, [&](auto panel, int first) {
    constexpr int kVectors = panel.value;
    const int64_t column = int64_t{first} * V::kLanes;
    ForEachRowTile<V::kTileRows>(rows, [&](auto tile, int m) {
      constexpr int kRows = tile.value;
      typename V::F sum[kRows][kVectors];
      Clear<V>(sum);
      // Read last, and by then here.
      float* to = c + m * c_row + column;
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          __builtin_prefetch(to + (kRows + r) * c_row + v * V::kLanes, /*rw=*/1);
        }
      }
      MultiplyAdd<V>(sum, a + m, 1, step, b + column, width, depth);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          float* at = to + r * c_row + v * V::kLanes;
          V::Store(at, V::Add(V::Load(at), sum[r][v]));
        }
      }
    });
  });
}

}  // namespace rnnfarm::engine::cpu

#endif  // RNNFARM_WORKER_ENGINE_CPU_PRODUCT_H_
