// The principal components of a representation, as the metrics need them.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_
#define RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_

#include "analysis/representation.h"

namespace rnnfarm::analysis {

// Centred and divided by the largest absolute value, which keeps squares in range. `x` as
// CheckRepresentation accepts it.
struct Normalised {
  explicit Normalised(const Matrix& x);

  Matrix x;
  double scale;  // that `x` was divided by
};

// The leading part of X = U S Vᵀ.
struct LeadingComponents {
  Matrix u;  // samples x k, orthonormal columns
  Vector s;  // k, descending, > 0
};

// The fewest components that hold at least `share` of the variance of `centred`, in (0, 1]; never
// more than its numerical rank.
LeadingComponents LeadingByShare(const Matrix& centred, double share);

// The first `count`, or as many as the numerical rank allows.
LeadingComponents LeadingByCount(const Matrix& centred, int count);

// `centred` in the coordinates of its principal components (samples x k), without those that hold
// together less than 1e-12 of the variance, and with Frobenius norm 1. Products with other
// representations keep their singular values; by the triangle inequality an angle between two
// representations moves by at most 2e-6.
Matrix Compact(const Matrix& centred);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_PRINCIPAL_COMPONENTS_H_
