// Singular values of the small matrices that a pair of networks comes down to.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_SINGULAR_VALUES_H_
#define RNNFARM_ANALYSIS_SIMILARITY_SINGULAR_VALUES_H_

#include "analysis/representation.h"

namespace rnnfarm::analysis {

// `c` or its transpose, the same one for both: with at least as many columns as rows. Sums over it
// have the same bits for a pair of networks in either order.
Matrix Oriented(const Matrix& c);

// Those of `c`, as many as its smaller side, ascending: roots of the eigenvalues of the smaller one
// of CCᵀ and CᵀC, good to 1e-8 of the largest and several times cheaper than an SVD. The same bits
// for `c` and its transpose.
Vector SingularValues(const Matrix& c);

// ‖C‖_*, their sum, good to all digits.
double ExactNuclearNorm(const Matrix& c);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_SINGULAR_VALUES_H_
