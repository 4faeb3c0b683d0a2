#include "analysis/embedding/mds.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/embedding/rank_correlation.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

// Subspace iteration for the classical start: a few more vectors than wanted speed it up.
constexpr Eigen::Index kExtraVectors = 6;
constexpr int kMaxSubspaceIterations = 200;
constexpr double kSubspaceTolerance = 1e-10;
// Distances count as equal if they differ by less than this share of the largest one.
constexpr double kSymmetryTolerance = 1e-9;
// Points closer than this share of the largest distance coincide.
constexpr double kCoincidence = 1e-14;

absl::Status CheckDistances(const Matrix& distances, const MdsOptions& options) {
  if (options.dims < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("an embedding in ", options.dims, " dimensions was asked for; at least 1"));
  }
  if (distances.rows() != distances.cols() || distances.rows() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("distances are ", distances.rows(), " x ",
                                                   distances.cols(), ", expected n x n, n ≥ 1"));
  }
  if (!distances.allFinite() || distances.minCoeff() < 0) {
    return absl::InvalidArgumentError("distances hold negative, infinite or NaN values");
  }
  const double slack = kSymmetryTolerance * distances.maxCoeff();
  if (distances.diagonal().maxCoeff() > slack) {
    return absl::InvalidArgumentError("distances have a diagonal that is not zero");
  }
  if ((distances - distances.transpose()).cwiseAbs().maxCoeff() > slack) {
    return absl::InvalidArgumentError("distances are not symmetric");
  }
  return absl::OkStatus();
}

Matrix Orthonormal(const Matrix& x) {
  return Eigen::HouseholderQR<Matrix>(x).householderQ() * Matrix::Identity(x.rows(), x.cols());
}

// −½ J D² J, J = I − 11ᵀ/n: the inner products of centred points with these distances.
Matrix InnerProducts(const Matrix& distances) {
  Matrix b = -0.5 * distances.cwiseAbs2();
  const Vector means = b.rowwise().mean();
  const double mean = means.mean();
  b.colwise() -= means;
  b.rowwise() -= means.transpose();
  b.array() += mean;
  return b;
}

// Torgerson's classical scaling, by subspace iteration because only `dims` of n eigenvectors count.
Matrix ClassicalStart(const Matrix& distances, int dims) {
  const Eigen::Index n = distances.rows();
  const Eigen::Index size = std::min<Eigen::Index>(n, dims + kExtraVectors);
  const Matrix b = InnerProducts(distances);
  base::RandomStream stream(base::DeriveStream(0, "mds", "classical start"));
  Matrix q = Matrix::NullaryExpr(n, size, [&] { return stream.Normal(); });
  Vector last = Vector::Zero(size);
  Eigen::SelfAdjointEigenSolver<Matrix> ritz;
  for (int i = 0; i < kMaxSubspaceIterations; ++i) {
    q = Orthonormal(b * Orthonormal(q));
    ritz.compute(q.transpose() * b * q);
    const double change = (ritz.eigenvalues() - last).cwiseAbs().maxCoeff();
    last = ritz.eigenvalues();
    if (change <= kSubspaceTolerance * last.cwiseAbs().maxCoeff()) break;
  }
  Matrix points = Matrix::Zero(n, dims);
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(dims, size); ++k) {
    const double eigenvalue = std::max(0.0, ritz.eigenvalues()[size - 1 - k]);
    points.col(k) = std::sqrt(eigenvalue) * (q * ritz.eigenvectors().col(size - 1 - k));
  }
  return points;
}

// One majorization step (Guttman transform) from `points`, whose raw stress is returned. Whole
// columns at once, since this is n² / 2 roots and divisions.
double SmacofStep(const Matrix& distances, double coincidence, Matrix& points) {
  const Eigen::Index n = distances.rows();
  Matrix next = Matrix::Zero(n, points.cols());
  double stress = 0;
  Eigen::ArrayXd embedded, weight, pull;
  for (Eigen::Index j = 0; j + 1 < n; ++j) {
    const Eigen::Index below = n - 1 - j;
    const auto delta = distances.col(j).tail(below).array();
    embedded.setZero(below);
    for (Eigen::Index k = 0; k < points.cols(); ++k) {
      embedded += (points.col(k).tail(below).array() - points(j, k)).square();
    }
    embedded = embedded.sqrt();
    stress += (delta - embedded).square().sum();
    weight = (embedded > coincidence).select(delta / embedded, 0.0) / static_cast<double>(n);
    for (Eigen::Index k = 0; k < points.cols(); ++k) {
      pull = weight * (points.col(k).tail(below).array() - points(j, k));
      next.col(k).tail(below).array() += pull;
      next(j, k) -= pull.sum();
    }
  }
  points = std::move(next);
  return stress;
}

// Centred, in principal axes; the entry of largest size in each axis is positive.
Matrix Aligned(const Matrix& points) {
  const Matrix centred = points.rowwise() - points.colwise().mean();
  const Eigen::SelfAdjointEigenSolver<Matrix> axes(centred.transpose() * centred);
  Matrix out = centred * axes.eigenvectors().rowwise().reverse();
  for (Eigen::Index k = 0; k < out.cols(); ++k) {
    Eigen::Index largest = 0;
    out.col(k).cwiseAbs().maxCoeff(&largest);
    if (out(largest, k) < 0) out.col(k) *= -1;
  }
  return out;
}

void MeasureFit(const Matrix& distances, Embedding& embedding) {
  const Eigen::Index n = distances.rows();
  Vector given(n * (n - 1) / 2), embedded(n * (n - 1) / 2);
  Eigen::Index pair = 0;
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j + 1; i < n; ++i, ++pair) {
      given[pair] = distances(i, j);
      embedded[pair] = (embedding.points.row(i) - embedding.points.row(j)).norm();
    }
  }
  const double size = embedded.squaredNorm();
  embedding.stress1 = size > 0 ? std::sqrt((given - embedded).squaredNorm() / size) : 0;
  embedding.shepard_correlation = RankCorrelation(given, embedded);
}

}  // namespace

absl::StatusOr<Embedding> EmbedMds(const Matrix& distances, const MdsOptions& options) {
  if (absl::Status status = CheckDistances(distances, options); !status.ok()) return status;
  Embedding embedding;
  embedding.points = ClassicalStart(distances, options.dims);
  const double coincidence = kCoincidence * distances.maxCoeff();
  const double negligible = coincidence * coincidence * static_cast<double>(distances.size());
  double last = -1;
  for (; embedding.iterations < options.max_iterations; ++embedding.iterations) {
    Matrix next = embedding.points;
    const double stress = SmacofStep(distances, coincidence, next);
    // `stress` is that of the points before the step, which stay when the last step gained nothing.
    if (stress <= negligible) break;
    if (last >= 0 && last - stress <= options.relative_tolerance * last) break;
    last = stress;
    embedding.points = std::move(next);
  }
  embedding.points = Aligned(embedding.points);
  MeasureFit(distances, embedding);
  return embedding;
}

}  // namespace rnnfarm::analysis
