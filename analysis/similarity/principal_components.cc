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

// How many leading components are wanted: as many as hold a share of the variance, or a number.
struct Wanted {
  double share = 1;
  Eigen::Index count = std::numeric_limits<Eigen::Index>::max();

  Eigen::Index Of(const Vector& variances) const {
    const Eigen::Index most = std::min(count, variances.size());
    // A sum would round the smallest ones away.
    if (share >= 1) return most;
    const double total = variances.sum();
    double held = 0;
    for (Eigen::Index k = 0; k < most; ++k) {
      held += variances[k];
      if (held >= share * total) return k + 1;
    }
    return most;
  }
};

// Accurate for directions of any variance, and several times slower than the Gram matrix.
LeadingComponents LeadingByQr(const Matrix& x, const Wanted& wanted) {
  const bool tall = x.rows() >= x.cols();
  const Eigen::HouseholderQR<Matrix> qr(tall ? x : Matrix(x.transpose()));
  const Eigen::Index size = std::min(x.rows(), x.cols());
  const Matrix upper = qr.matrixQR().topRows(size).triangularView<Eigen::Upper>();
  const Eigen::BDCSVD<Matrix> svd(tall ? upper : Matrix(upper.transpose()), Eigen::ComputeFullU);
  const Vector s = svd.singularValues();
  const double smallest =
      s[0] * std::max(x.rows(), x.cols()) * std::numeric_limits<double>::epsilon();
  const Eigen::Index rank = (s.array() > smallest).count();
  const Eigen::Index k = std::min(rank, wanted.Of(s.cwiseAbs2()));
  if (!tall) return {svd.matrixU().leftCols(k), s.head(k)};
  Matrix u = Matrix::Zero(x.rows(), k);
  u.topRows(size) = svd.matrixU().leftCols(k);
  return {qr.householderQ() * u, s.head(k)};
}

LeadingComponents LeadingOf(const Matrix& centred, const Wanted& wanted) {
  const GramSpectrum spectrum = SpectrumOf(centred);
  const Eigen::Index k = wanted.Of(spectrum.variances);
  if (spectrum.variances[k - 1] < kSmallestGramVariance * spectrum.variances[0]) {
    return LeadingByQr(centred, wanted);
  }
  const Vector s = spectrum.variances.head(k).cwiseSqrt();
  const auto vectors = spectrum.vectors.leftCols(k);
  if (centred.rows() < centred.cols()) return {vectors, s};
  return {centred * (vectors * s.cwiseInverse().asDiagonal()), s};
}

}  // namespace

Normalised::Normalised(const Matrix& from) : x(Centred(from)), scale(x.cwiseAbs().maxCoeff()) {
  x /= scale;
}

LeadingComponents LeadingByShare(const Matrix& centred, double share) {
  return LeadingOf(centred, {.share = share});
}

LeadingComponents LeadingByCount(const Matrix& centred, int count) {
  return LeadingOf(centred, {.count = count});
}

Matrix Compact(const Matrix& centred) {
  const GramSpectrum spectrum = SpectrumOf(centred);
  const Eigen::Index k = Wanted{.share = kCompactShare}.Of(spectrum.variances);
  const auto vectors = spectrum.vectors.leftCols(k);
  Matrix scores = centred.rows() < centred.cols()
                      ? Matrix(vectors * spectrum.variances.head(k).cwiseSqrt().asDiagonal())
                      : Matrix(centred * vectors);
  scores /= scores.norm();
  return scores;
}

}  // namespace rnnfarm::analysis
