#include "analysis/figures/pooled_matrix.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rnnfarm::figures {
namespace {

struct Block {
  int row_begin, row_end, column_begin, column_end;
};

float MeanOf(absl::Span<const float> distances, const std::vector<int>& order, const Block& block) {
  const size_t n = order.size();
  double sum = 0;
  int64_t count = 0;
  for (int r = block.row_begin; r < block.row_end; ++r) {
    for (int c = block.column_begin; c < block.column_end; ++c) {
      const float value = distances[order[r] * n + order[c]];
      if (!std::isfinite(value)) continue;
      sum += value;
      ++count;
    }
  }
  return count > 0 ? static_cast<float>(sum / static_cast<double>(count))
                   : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

PooledMatrix PoolMatrix(absl::Span<const float> distances, const std::vector<int>& order,
                        int max_side) {
  PooledMatrix out;
  const int64_t n = static_cast<int64_t>(order.size());
  out.side = static_cast<int>(std::min<int64_t>(n, max_side));
  for (int64_t i = 0; i <= out.side; ++i) {
    out.first.push_back(static_cast<int>(out.side == 0 ? 0 : i * n / out.side));
  }
  for (int r = 0; r < out.side; ++r) {
    for (int c = 0; c <= r; ++c) {
      out.triangle.push_back(MeanOf(
          distances, order, {out.first[r], out.first[r + 1], out.first[c], out.first[c + 1]}));
    }
  }
  return out;
}

}  // namespace rnnfarm::figures
