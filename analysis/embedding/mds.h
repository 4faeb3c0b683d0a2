// Multidimensional scaling of a distance matrix: classical (Torgerson) start, then SMACOF.
// Deterministic: the same bytes for every number of threads.
#ifndef RNNFARM_ANALYSIS_EMBEDDING_MDS_H_
#define RNNFARM_ANALYSIS_EMBEDDING_MDS_H_

#include "absl/status/statusor.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct MdsOptions {
  int dims = 2;
  int max_iterations = 300;
  double relative_tolerance = 1e-9;  // of the raw stress Σ(δ − d)² between two iterations
  int threads = 1;
};

struct Embedding {
  Matrix points;  // n x dims, centred, principal axes, signs fixed
  // Kruskal's (1964), with d the distances of the points: sqrt(Σ(δ_ij − d_ij)² / Σd_ij²), i < j.
  double stress1 = 0;
  // Spearman, distances against embedded distances; NaN where one side does not vary.
  double shepard_correlation = 0;
  int iterations = 0;
};

// SMACOF: de Leeuw, Convergence of the majorization method for multidimensional scaling, 1988.
// `distances`: n x n, n ≥ 1, symmetric, zero diagonal, finite, not negative; dims ≥ 1;
// INVALID_ARGUMENT otherwise.
absl::StatusOr<Embedding> EmbedMds(const Matrix& distances, const MdsOptions& options = {});

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_EMBEDDING_MDS_H_
