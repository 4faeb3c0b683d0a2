// How far distances move when nothing but the probe's draw changes: a difference of distances below
// that tells nothing.
#ifndef RNNFARM_ANALYSIS_STATISTICS_NOISE_FLOOR_H_
#define RNNFARM_ANALYSIS_STATISTICS_NOISE_FLOOR_H_

#include <cstdint>
#include <optional>

#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct NoiseFloor {
  int networks = 0;              // that take part in a pair
  int64_t pairs = 0;             // i < j whose distance is known in both draws
  double mean = 0, largest = 0;  // of |first − second|, over the pairs
};

// `first`, `second`: symmetric, n x n, the same networks in the same order, measured on two draws;
// NaN where a pair has no distance. Absent if no pair has both.
std::optional<NoiseFloor> MeasureNoiseFloor(const Matrix& first, const Matrix& second);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_STATISTICS_NOISE_FLOOR_H_
