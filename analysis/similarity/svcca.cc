#include "analysis/similarity/svcca.h"

#include <utility>

#include "analysis/similarity/principal_components.h"

namespace rnnfarm::analysis {

absl::StatusOr<std::unique_ptr<Prepared>> Svcca::Prepare(const Matrix& x) const {
  auto centred = Normalised(x);
  if (!centred.ok()) return centred.status();
  auto subspace = std::make_unique<Subspace>();
  subspace->u = LeadingLeftVectors(*centred, variance_);
  return std::unique_ptr<Prepared>(std::move(subspace));
}

double Svcca::Distance(const Prepared& a, const Prepared& b) const {
  const Vector rho =
      CanonicalCorrelations(static_cast<const Subspace&>(a), static_cast<const Subspace&>(b));
  return 1.0 - rho.mean();
}

Vector Svcca::CanonicalCorrelations(const Subspace& a, const Subspace& b) {
  const Matrix c = a.u.transpose() * b.u;
  const Matrix squares =
      c.rows() <= c.cols() ? Matrix(c * c.transpose()) : Matrix(c.transpose() * c);
  // Roots of eigenvalues are good to 1e-8 even where ρ is 0, and several times cheaper than an SVD.
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(squares, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().reverse().cwiseMax(0.0).cwiseMin(1.0).cwiseSqrt();
}

}  // namespace rnnfarm::analysis
