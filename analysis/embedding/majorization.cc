#include "analysis/embedding/majorization.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "analysis/for_each_index.h"
#include "base/vector_unit.h"

namespace rnnfarm::analysis {
namespace {

// Columns are shared out in blocks, whose number and borders depend on n alone: their sums are
// added up in the same order whoever computed them.
constexpr int64_t kMaxBlocks = 64;
constexpr int64_t kMinBlockColumns = 32;
// Rows at a time; what lies between the loops over them stays in the cache.
constexpr int64_t kTile = 512;
// Partial sums of a loop, enough for the widest vector unit.
constexpr int64_t kLanes = 8;

// Pairs (i, j) of the columns first ≤ j < end with i > j.
struct Block {
  const double* distances;  // n x n
  const double* points;     // n x dims
  int64_t n, dims, first, end;
  double coincidence;
  double* pull;  // n x dims: Σ (δ / d) (x_i − x_j), at i with plus, at j with minus; from zeros
};

RNNFARM_ALWAYS_INLINE double SumByLanes(const double* values, int64_t count) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[i + lane];
  }
  for (int64_t lane = 0; i + lane < count; ++lane) lanes[lane] += values[i + lane];
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

// The pairs of point j with the points first ≤ i < first + count; returns their stress.
RNNFARM_ALWAYS_INLINE double PullTile(const Block& block, int64_t j, int64_t first, int64_t count) {
  const double* __restrict delta = block.distances + j * block.n + first;
  const double coincidence = block.coincidence;
  double weight[kTile] = {}, term[kTile];
  for (int64_t k = 0; k < block.dims; ++k) {
    const double* __restrict x = block.points + k * block.n + first;
    const double own = block.points[k * block.n + j];
    for (int64_t i = 0; i < count; ++i) weight[i] += (x[i] - own) * (x[i] - own);
  }
  // Apart from the next loop, whose choice would keep the compiler from vectors of roots.
  for (int64_t i = 0; i < count; ++i) {
    weight[i] = std::sqrt(weight[i]);
    term[i] = (delta[i] - weight[i]) * (delta[i] - weight[i]);
  }
  for (int64_t i = 0; i < count; ++i) {
    weight[i] = weight[i] > coincidence ? delta[i] / weight[i] : 0;
  }
  const double stress = SumByLanes(term, count);
  for (int64_t k = 0; k < block.dims; ++k) {
    const double* __restrict x = block.points + k * block.n + first;
    double* __restrict pull = block.pull + k * block.n + first;
    const double own = block.points[k * block.n + j];
    for (int64_t i = 0; i < count; ++i) {
      term[i] = weight[i] * (x[i] - own);
      pull[i] += term[i];
    }
    block.pull[k * block.n + j] -= SumByLanes(term, count);
  }
  return stress;
}

RNNFARM_ALWAYS_INLINE double Pull(const Block& block) {
  double stress = 0;
  for (int64_t j = block.first; j < block.end; ++j) {
    for (int64_t i = j + 1; i < block.n; i += kTile) {
      stress += PullTile(block, j, i, std::min(kTile, block.n - i));
    }
  }
  return stress;
}

double PullBaseline(const Block& block) { return Pull(block); }
#ifdef __x86_64__
RNNFARM_AVX2 double PullAvx2(const Block& block) { return Pull(block); }
RNNFARM_AVX512 double PullAvx512(const Block& block) { return Pull(block); }
#endif

double PullWithUnitInUse(const Block& block) {
  switch (base::VectorUnitInUse()) {
#ifdef __x86_64__
    case base::VectorUnit::kAvx512:
      return PullAvx512(block);
    case base::VectorUnit::kAvx2:
      return PullAvx2(block);
#endif
    default:
      return PullBaseline(block);
  }
}

}  // namespace

double SmacofStep(const Matrix& distances, double coincidence, int threads, Matrix& points) {
  const int64_t n = points.rows(), dims = points.cols();
  const int64_t columns = std::max(kMinBlockColumns, (n + kMaxBlocks - 1) / kMaxBlocks);
  const int64_t blocks = (n + columns - 1) / columns;
  std::vector<Matrix> pull(blocks);
  std::vector<double> stress(blocks);
  ForEachIndex(blocks, threads, [&](int64_t b) {
    pull[b] = Matrix::Zero(n, dims);
    stress[b] = PullWithUnitInUse({distances.data(), points.data(), n, dims, b * columns,
                                   std::min(n, (b + 1) * columns), coincidence, pull[b].data()});
  });
  points.setZero();
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    points += pull[b];
    sum += stress[b];
  }
  points /= static_cast<double>(n);
  return sum;
}

}  // namespace rnnfarm::analysis
