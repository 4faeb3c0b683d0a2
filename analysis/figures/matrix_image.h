// Matrices of distances in full, a pixel a pair, as PNG files.
#ifndef RNNFARM_ANALYSIS_FIGURES_MATRIX_IMAGE_H_
#define RNNFARM_ANALYSIS_FIGURES_MATRIX_IMAGE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "analysis/figures/distance_matrix.h"

namespace rnnfarm::figures {

// The bytes of a PNG of N x N pixels in the order that figures have, in the colours of Viridis from
// 0 to the largest distance in 255 steps; pairs without a distance are grey. The same matrix gives
// the same bytes.
absl::StatusOr<std::string> MatrixPng(const DistanceMatrix& matrix);

// <task>-<metric>.png in `figures_dir`, which is made, for every matrix of the results; their
// paths. A matrix that cannot be drawn is left out: the report says why.
absl::StatusOr<std::vector<std::string>> WriteMatrixImages(const std::string& results_dir,
                                                           const std::string& figures_dir);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_MATRIX_IMAGE_H_
