// Products between the columns of many small matrices: the arithmetic of all pairs. Compiled once
// for each instruction set; one is chosen when the program runs.
//
// An element is a sum over blocks of kBlockRows rows, each block one chain of fused multiply-adds:
// its bits depend on its two columns alone, not on what lies beside them, nor on the instruction
// set (the portable kernel, for processors without fused multiply-add, rounds otherwise).
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace rnnfarm::analysis {

// Short, so that float32 sums lose no more than a chain of this length does.
inline constexpr int64_t kBlockRows = 256;

// A matrix of `columns` columns, rows one after the other.
struct Strip {
  const float* data;
  int64_t columns;
};

struct ProductKernel {
  const char* name;  // "avx512", "avx2" or "portable"

  // c = aᵀ b, where the strips of a, side by side, are one matrix of `rows` rows, and those of b
  // another. Row-major, as many rows as a has columns, rounded up to a multiple of left_width;
  // `c_stride` at least b's columns, rounded up to one of right_width. Padding is filled with 0.
  // `workspace`: WorkspaceFloats of both.
  void (*multiply)(int64_t rows, absl::Span<const Strip> a, absl::Span<const Strip> b, float* c,
                   int64_t c_stride, float* workspace);
  int left_width, right_width;

  static int64_t RoundUp(int64_t columns, int width) {
    return (columns + width - 1) / width * width;
  }
  int64_t WorkspaceFloats(int64_t a_columns, int64_t b_columns) const {
    return kBlockRows * (RoundUp(a_columns, left_width) + RoundUp(b_columns, right_width));
  }
};

// Those that this build has and this processor can run, the fastest first; never empty.
std::vector<const ProductKernel*> UsableProductKernels();

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_PRODUCT_H_
