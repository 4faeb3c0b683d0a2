#include "analysis/similarity/principal_components.h"

#include <algorithm>
#include <limits>

namespace rnnfarm::analysis {
namespace {

constexpr double kCompactShare = 1.0 - 1e-12;
// A Gram matrix squares the condition number: vectors of components with less variance than this,
// relative to the first, would be orthogonal to fewer than 8 digits.
constexpr double kSmallestGramVariance = 1e-8;

// Eigenvalues, descending, and eigenvectors of the smaller one of XᵀX and XXᵀ.
struct GramSpectrum {
  Vector variances;
  Matrix vectors;
};

GramSpectrum SpectrumOf(const Matrix& x) {
  const bool of_units = x.rows() >= x.cols();
  const Eigen::Index size = of_units ? x.cols() : x.rows();
  Matrix gram = Matrix::Zero(size, size);
  if (of_units) {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
  } else {
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x);
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(gram);
  return {solver.eigenvalues().reverse().cwiseMax(0.0), solver.eigenvectors().rowwise().reverse()};
}

// The fewest leading components that hold `share` of the sum.
Eigen::Index CountFor(const Vector& variances, double share) {
  const double total = variances.sum();
  double held = 0;
  for (Eigen::Index k = 0; k < variances.size(); ++k) {
    held += variances[k];
    if (held >= share * total) return k + 1;
  }
  return variances.size();
}

// Accurate for directions of any variance, and several times slower than the Gram matrix.
Matrix LeftVectorsByQr(const Matrix& x, double share) {
  const bool tall = x.rows() >= x.cols();
  const Eigen::HouseholderQR<Matrix> qr(tall ? x : Matrix(x.transpose()));
  const Eigen::Index size = std::min(x.rows(), x.cols());
  const Matrix upper = qr.matrixQR().topRows(size).triangularView<Eigen::Upper>();
  const Eigen::BDCSVD<Matrix> svd(tall ? upper : Matrix(upper.transpose()), Eigen::ComputeFullU);
  const Vector s = svd.singularValues();
  const double smallest =
      s[0] * std::max(x.rows(), x.cols()) * std::numeric_limits<double>::epsilon();
  const Eigen::Index rank = (s.array() > smallest).count();
  const Eigen::Index k = std::min(rank, CountFor(s.cwiseAbs2(), share));
  if (!tall) return svd.matrixU().leftCols(k);
  Matrix u = Matrix::Zero(x.rows(), k);
  u.topRows(size) = svd.matrixU().leftCols(k);
  return qr.householderQ() * u;
}

}  // namespace

absl::StatusOr<Matrix> Normalised(const Matrix& x) {
  if (absl::Status status = CheckRepresentation(x, "representation"); !status.ok()) return status;
  const Matrix centred = Centred(x);
  return Matrix(centred / centred.cwiseAbs().maxCoeff());
}

Matrix LeadingLeftVectors(const Matrix& centred, double share) {
  const GramSpectrum spectrum = SpectrumOf(centred);
  const Eigen::Index k = CountFor(spectrum.variances, share);
  if (spectrum.variances[k - 1] < kSmallestGramVariance * spectrum.variances[0]) {
    return LeftVectorsByQr(centred, share);
  }
  if (centred.rows() < centred.cols()) return spectrum.vectors.leftCols(k);
  const Vector inverse = spectrum.variances.head(k).cwiseSqrt().cwiseInverse();
  return centred * (spectrum.vectors.leftCols(k) * inverse.asDiagonal());
}

Matrix Compact(const Matrix& centred) {
  const GramSpectrum spectrum = SpectrumOf(centred);
  const Eigen::Index k = CountFor(spectrum.variances, kCompactShare);
  const auto vectors = spectrum.vectors.leftCols(k);
  Matrix scores = centred.rows() < centred.cols()
                      ? Matrix(vectors * spectrum.variances.head(k).cwiseSqrt().asDiagonal())
                      : Matrix(centred * vectors);
  scores /= scores.norm();
  return scores;
}

}  // namespace rnnfarm::analysis
