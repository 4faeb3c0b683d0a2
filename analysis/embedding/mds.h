// Multidimensional scaling of a distance matrix: classical (Torgerson) start, then SMACOF.
// Deterministic.
#ifndef RNNFARM_ANALYSIS_EMBEDDING_MDS_H_
#define RNNFARM_ANALYSIS_EMBEDDING_MDS_H_

#include "absl/status/statusor.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

struct MdsOptions {
  int dims = 2;
  int max_iterations = 300;
  double relative_tolerance = 1e-9;  // of the stress between two iterations
};

struct Embedding {
  Matrix points;                   // n x dims, centred, principal axes, signs fixed
  double stress1 = 0;              // Kruskal's stress-1
  double shepard_correlation = 0;  // Spearman, distances against embedded distances
  int iterations = 0;
};

// `distances`: n x n, symmetric, zero diagonal; INVALID_ARGUMENT otherwise.
absl::StatusOr<Embedding> EmbedMds(const Matrix& distances, const MdsOptions& options = {});

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_EMBEDDING_MDS_H_
