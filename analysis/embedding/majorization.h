// The step of SMACOF, which is all of an embedding's time.
#ifndef RNNFARM_ANALYSIS_EMBEDDING_MAJORIZATION_H_
#define RNNFARM_ANALYSIS_EMBEDDING_MAJORIZATION_H_

#include "analysis/representation.h"

namespace rnnfarm::analysis {

// Moves `points` (n x dims) by one majorization step (Guttman transform) and returns the raw stress
// Σ(δ − d)², i < j, of where they were. Points no further apart than `coincidence` do not pull at
// each other. Reads only what is below the diagonal of `distances`. The same bytes for every number
// of threads and every vector unit.
double SmacofStep(const Matrix& distances, double coincidence, int threads, Matrix& points);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_EMBEDDING_MAJORIZATION_H_
