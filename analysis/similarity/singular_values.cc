#include "analysis/similarity/singular_values.h"

namespace rnnfarm::analysis {
namespace {

// Of two square ones, that with the larger first element that differs.
bool Transposed(const Matrix& c) {
  if (c.rows() != c.cols()) return c.rows() > c.cols();
  for (Eigen::Index j = 0; j < c.cols(); ++j) {
    for (Eigen::Index i = 0; i < j; ++i) {
      if (c(i, j) != c(j, i)) return c(i, j) < c(j, i);
    }
  }
  return false;
}

}  // namespace

Matrix Oriented(const Matrix& c) { return Transposed(c) ? Matrix(c.transpose()) : c; }

Vector SingularValues(const Matrix& c) {
  const Matrix wide = Oriented(c);
  Matrix squares = Matrix::Zero(wide.rows(), wide.rows());
  squares.selfadjointView<Eigen::Lower>().rankUpdate(wide);
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(squares, Eigen::EigenvaluesOnly);
  return solver.eigenvalues().cwiseMax(0.0).cwiseSqrt();
}

double ExactNuclearNorm(const Matrix& c) {
  const Matrix wide = Oriented(c);
  return Eigen::BDCSVD<Matrix>(wide).singularValues().sum();
}

}  // namespace rnnfarm::analysis
