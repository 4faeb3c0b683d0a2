// The kernel of product.h for one kind of vector: L is a struct of a vector type, its operations,
// and the tile of sums that fits its registers. The scheme is Goto's (ACM TOMS 2008): a block of
// rows of both sides is packed into panels, a panel of b stays in the first cache and a block of
// panels of a in the second.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_KERNEL_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_KERNEL_H_

#include <algorithm>
#include <cstring>

#include "analysis/pairwise/product.h"

namespace rnnfarm::analysis {

template <typename L>
struct ProductInstantiation {
  static constexpr int kLeft = L::kTileRows;
  static constexpr int kRight = L::kTileVectors * L::kLanes;
  // Panels of a that are used again and again while a panel of b changes: about 200 KiB.
  static constexpr int64_t kLeftPanels = (200 << 10) / (kBlockRows * kLeft * sizeof(float));
  static constexpr int64_t kChunk = ProductKernel::kRoomAtEnd / 2;

  static ProductKernel Table(const char* name) { return {name, Multiply, kLeft, kRight}; }

 private:
  // Row `row` of the strips side by side. Copies of a fixed size are a few instructions, so they
  // run over the end of the row wherever the strip has more rows; what they leave there the next
  // strip overwrites.
  static void Gather(absl::Span<const Strip> strips, int64_t rows, int64_t row, float* out) {
    for (const Strip& strip : strips) {
      const int64_t columns = strip.columns;
      const float* from = strip.data + row * columns;
      const bool runs_over = ProductKernel::RoundUp(columns, kChunk) > (rows - row) * columns;
      for (int64_t i = 0; i < columns; i += kChunk) {
        if (runs_over) {
          std::copy(from + i, from + std::min(columns, i + kChunk), out + i);
        } else {
          std::memcpy(out + i, from + i, kChunk * sizeof(float));
        }
      }
      out += columns;
    }
  }

  // Rows first … first + depth - 1 in panels of kWidth columns, `depth` rows each; zeros where the
  // last panel has no columns. `row`: room for a row, its padding and kChunk.
  template <int kWidth>
  static void Pack(absl::Span<const Strip> strips, int64_t rows, int64_t first, int64_t depth,
                   int64_t panels, float* row, float* out) {
    const int64_t columns = Columns(strips);
    for (int64_t r = 0; r < depth; ++r) {
      Gather(strips, rows, first + r, row);
      std::fill(row + columns, row + panels * kWidth, 0.0f);
      for (int64_t p = 0; p < panels; ++p) {
        std::memcpy(out + (p * depth + r) * kWidth, row + p * kWidth, kWidth * sizeof(float));
      }
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
    float* const row = b_panels + kBlockRows * right * kRight;
    for (int64_t first = 0; first < rows; first += kBlockRows) {
      const int64_t depth = std::min(kBlockRows, rows - first);
      Pack<kLeft>(a, rows, first, depth, left, row, a_panels);
      Pack<kRight>(b, rows, first, depth, right, row, b_panels);
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
