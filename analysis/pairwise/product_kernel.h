// The kernel of product.h for one kind of vector: L is a struct of a vector type, its operations,
// and the tile of sums that fits its registers. The scheme is Goto's (ACM TOMS 2008): a block of
// rows of both sides is packed into panels, a panel of b stays in the first cache and a block of
// panels of a in the second.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_KERNEL_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_KERNEL_H_

#include <algorithm>
#include <cstring>
#include <utility>

#include "analysis/pairwise/product.h"

namespace rnnfarm::analysis {

template <typename L>
struct ProductInstantiation {
  static constexpr int kLeft = L::kTileRows;
  static constexpr int kRight = L::kTileVectors * L::kLanes;
  // Panels of a that are used again and again while a panel of b changes: about 200 KiB.
  static constexpr int64_t kLeftPanels = (200 << 10) / (kBlockRows * kLeft * sizeof(float));

  static ProductKernel Table(const char* name) { return {name, Multiply, kLeft, kRight}; }

 private:
  // kCount columns of a strip into as many of a panel. A copy of fixed size is a few instructions.
  template <int kWidth, int kCount>
  static void CopyColumns(const float* from, int64_t stride, int64_t depth, float* to) {
    for (int64_t r = 0; r < depth; ++r) {
      std::memcpy(to + r * kWidth, from + r * stride, kCount * sizeof(float));
    }
  }

  template <int kWidth, int... kCounts>
  static void CopyColumns(int count, const float* from, int64_t stride, int64_t depth, float* to,
                          std::integer_sequence<int, kCounts...>) {
    using Copy = void (*)(const float*, int64_t, int64_t, float*);
    static constexpr Copy kCopies[] = {CopyColumns<kWidth, kCounts + 1>...};
    kCopies[count - 1](from, stride, depth, to);
  }

  // Rows first … first + depth - 1 in panels of kWidth columns, `depth` rows each; zeros where the
  // last panel has no columns. Strip by strip, so that memory is read in its order.
  template <int kWidth>
  static void Pack(absl::Span<const Strip> strips, int64_t first, int64_t depth, float* out) {
    int filled = 0;  // columns of the panel at `out`
    for (const Strip& strip : strips) {
      const float* from = strip.data + first * strip.columns;
      for (int64_t column = 0; column < strip.columns;) {
        const int count =
            static_cast<int>(std::min<int64_t>(strip.columns - column, kWidth - filled));
        CopyColumns<kWidth>(count, from + column, strip.columns, depth, out + filled,
                            std::make_integer_sequence<int, kWidth>());
        column += count;
        filled += count;
        if (filled < kWidth) break;
        filled = 0;
        out += depth * kWidth;
      }
    }
    if (filled == 0) return;
    for (int64_t r = 0; r < depth; ++r) {
      std::fill(out + r * kWidth + filled, out + (r + 1) * kWidth, 0.0f);
    }
  }

  // c += the product of two panels.
  static void Tile(int64_t depth, const float* a, const float* b, float* c, int64_t stride) {
    typename L::V sum[L::kTileRows][L::kTileVectors];
    for (int i = 0; i < L::kTileRows; ++i) {
      for (int j = 0; j < L::kTileVectors; ++j) sum[i][j] = L::Zero();
    }
    for (int64_t p = 0; p < depth; ++p) {
      typename L::V right[L::kTileVectors];
      for (int j = 0; j < L::kTileVectors; ++j) right[j] = L::Load(b + p * kRight + j * L::kLanes);
      for (int i = 0; i < L::kTileRows; ++i) {
        const typename L::V left = L::Set(a[p * kLeft + i]);
        for (int j = 0; j < L::kTileVectors; ++j) sum[i][j] = L::Fma(left, right[j], sum[i][j]);
      }
    }
    for (int i = 0; i < L::kTileRows; ++i) {
      for (int j = 0; j < L::kTileVectors; ++j) {
        float* at = c + i * stride + j * L::kLanes;
        L::Store(at, L::Add(L::Load(at), sum[i][j]));
      }
    }
  }

  static int64_t Columns(absl::Span<const Strip> strips) {
    int64_t columns = 0;
    for (const Strip& strip : strips) columns += strip.columns;
    return columns;
  }

  static void Multiply(int64_t rows, absl::Span<const Strip> a, absl::Span<const Strip> b, float* c,
                       int64_t c_stride, float* workspace) {
    const int64_t left = ProductKernel::RoundUp(Columns(a), kLeft) / kLeft;
    const int64_t right = ProductKernel::RoundUp(Columns(b), kRight) / kRight;
    for (int64_t i = 0; i < left * kLeft; ++i) {
      std::fill(c + i * c_stride, c + i * c_stride + right * kRight, 0.0f);
    }
    float* const a_panels = workspace;
    float* const b_panels = a_panels + kBlockRows * left * kLeft;
    for (int64_t first = 0; first < rows; first += kBlockRows) {
      const int64_t depth = std::min(kBlockRows, rows - first);
      Pack<kLeft>(a, first, depth, a_panels);
      Pack<kRight>(b, first, depth, b_panels);
      for (int64_t block = 0; block < left; block += kLeftPanels) {
        const int64_t end = std::min(left, block + kLeftPanels);
        for (int64_t q = 0; q < right; ++q) {
          for (int64_t p = block; p < end; ++p) {
            Tile(depth, a_panels + p * depth * kLeft, b_panels + q * depth * kRight,
                 c + p * kLeft * c_stride + q * kRight, c_stride);
          }
        }
      }
    }
  }
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_KERNEL_H_
