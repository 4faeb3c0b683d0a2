// A matrix of distances made small enough for a page.
#ifndef RNNFARM_ANALYSIS_FIGURES_POOLED_MATRIX_H_
#define RNNFARM_ANALYSIS_FIGURES_POOLED_MATRIX_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace rnnfarm::figures {

struct PooledMatrix {
  int side = 0;
  // The lower triangle with its diagonal, row by row: side * (side + 1) / 2 numbers.
  std::vector<float> triangle;
  // Each row and column of it stands for the ordered rows first[i] … first[i + 1] - 1; side + 1.
  std::vector<int> first;
};

// Rows and columns of the symmetric `distances` (n x n, C order) in the order `order`, mean-pooled
// in blocks until at most `max_side` remain. Pairs that are not finite do not count; a block of
// such pairs alone is NaN.
PooledMatrix PoolMatrix(absl::Span<const float> distances, const std::vector<int>& order,
                        int max_side);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_POOLED_MATRIX_H_
