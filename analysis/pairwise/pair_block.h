// The distances between two short lists of prepared networks: one large product, then what the
// metric makes of each pair's part of it.
#ifndef RNNFARM_ANALYSIS_PAIRWISE_PAIR_BLOCK_H_
#define RNNFARM_ANALYSIS_PAIRWISE_PAIR_BLOCK_H_

#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "analysis/metric.h"

namespace rnnfarm::analysis {

// Columns of one list that make a product large enough for its packing not to count, and small
// enough for its result to stay near.
inline constexpr int64_t kListColumns = 768;
// Networks of one list where there is no product.
inline constexpr int kListNetworks = 8;

// Calls store(i, j, distance) for the pairs of a[i] and b[j]; of a list with itself (the same
// pointers) for i < j. NaN where the extents differ and must not. A pair's bits depend on the two
// networks alone. All of one list have the same extent.
// `go_on` is asked after each row; once it says no, the rest is left out and the result is false.
bool MeasurePairs(const Metric& metric, absl::Span<const Prepared* const> a,
                  absl::Span<const Prepared* const> b,
                  const std::function<void(int, int, double)>& store,
                  const std::function<bool()>& go_on);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_PAIRWISE_PAIR_BLOCK_H_
