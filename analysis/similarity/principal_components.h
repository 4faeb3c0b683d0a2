// The principal components of a representation, as the metrics need them.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_
#define RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_

#include "absl/status/statusor.h"
#include "analysis/representation.h"

namespace rnnfarm::analysis {

// Centred and divided by the largest absolute value, which every metric here is blind to and which
// keeps squares in range. INVALID_ARGUMENT as CheckRepresentation.
absl::StatusOr<Matrix> Normalised(const Matrix& x);

// The left singular vectors (samples x k) of the fewest components that hold at least `share` of
// the variance of `centred`, in (0, 1]; never more than its numerical rank.
Matrix LeadingLeftVectors(const Matrix& centred, double share);

// `centred` in the coordinates of its principal components (samples x k), without those that hold
// together less than 1e-12 of the variance, and with Frobenius norm 1. Products with other
// representations keep their singular values; by the triangle inequality an angle between two
// representations moves by at most 2e-6.
Matrix Compact(const Matrix& centred);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_
