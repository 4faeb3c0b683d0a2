#include "analysis/embedding/mds.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/embedding/majorization.h"
#include "analysis/embedding/rank_correlation.h"
#include "analysis/for_each_index.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

// Subspace iteration for the classical start: a few more vectors than wanted speed it up.
constexpr Eigen::Index kExtraVectors = 6;
constexpr int kMaxSubspaceIterations = 200;
// Change of the wanted eigenvalues, by share of the largest one; their vectors are then good to
// about its root, which is plenty for a start.
constexpr double kSubspaceTolerance = 1e-9;
// Rows of a product that one thread computes at a time.
constexpr Eigen::Index kBlockRows = 64;
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

// b x of a symmetric b.
Matrix Product(const Matrix& b, const Matrix& x, int threads) {
  Matrix out(b.rows(), x.cols());
  ForEachIndex((b.rows() + kBlockRows - 1) / kBlockRows, threads, [&](int64_t block) {
    const Eigen::Index first = block * kBlockRows, rows = std::min(kBlockRows, b.rows() - first);
    // Its columns, which lie together in memory.
    out.middleRows(first, rows).noalias() = b.middleCols(first, rows).transpose() * x;
  });
  return out;
}

// Torgerson's classical scaling, by subspace iteration because only `dims` of n eigenvectors count.
Matrix ClassicalStart(const Matrix& distances, int dims, int threads) {
  const Eigen::Index n = distances.rows();
  const Eigen::Index size = std::min<Eigen::Index>(n, dims + kExtraVectors);
  const Eigen::Index wanted = std::min<Eigen::Index>(dims, size);
  const Matrix b = InnerProducts(distances);
  base::RandomStream stream(base::DeriveStream(0, "mds", "classical start"));
  Matrix q, image = Matrix::NullaryExpr(n, size, [&] { return stream.Normal(); });
  Vector last = Vector::Zero(size);
  Eigen::SelfAdjointEigenSolver<Matrix> ritz;
  for (int i = 0; i < kMaxSubspaceIterations; ++i) {
    q = Orthonormal(image);
    image = Product(b, q, threads);
    ritz.compute(q.transpose() * image);
    const double change = (ritz.eigenvalues() - last).tail(wanted).cwiseAbs().maxCoeff();
    last = ritz.eigenvalues();
    if (change <= kSubspaceTolerance * last.cwiseAbs().maxCoeff()) break;
  }
  Matrix points = Matrix::Zero(n, dims);
  for (Eigen::Index k = 0; k < wanted; ++k) {
    const double eigenvalue = std::max(0.0, ritz.eigenvalues()[size - 1 - k]);
    points.col(k) = std::sqrt(eigenvalue) * (q * ritz.eigenvectors().col(size - 1 - k));
  }
  return points;
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

void MeasureFit(const Matrix& distances, int threads, Embedding& embedding) {
  const Eigen::Index n = distances.rows();
  Vector given(n * (n - 1) / 2), embedded(n * (n - 1) / 2);
  ForEachIndex(n, threads, [&](int64_t j) {
    const Eigen::Index below = n - 1 - j, first = j * n - j * (j + 1) / 2;
    given.segment(first, below) = distances.col(j).tail(below);
    embedded.segment(first, below) =
        (embedding.points.bottomRows(below).rowwise() - embedding.points.row(j)).rowwise().norm();
  });
  const double size = embedded.squaredNorm();
  embedding.stress1 = size > 0 ? std::sqrt((given - embedded).squaredNorm() / size) : 0;
  embedding.shepard_correlation = RankCorrelation(given, embedded, threads);
}

}  // namespace

absl::StatusOr<Embedding> EmbedMds(const Matrix& distances, const MdsOptions& options) {
  if (absl::Status status = CheckDistances(distances, options); !status.ok()) return status;
  Embedding embedding;
  embedding.points = ClassicalStart(distances, options.dims, options.threads);
  const double coincidence = kCoincidence * distances.maxCoeff();
  const double negligible = coincidence * coincidence * static_cast<double>(distances.size());
  double last = -1;
  for (; embedding.iterations < options.max_iterations; ++embedding.iterations) {
    Matrix next = embedding.points;
    const double stress = SmacofStep(distances, coincidence, options.threads, next);
    // `stress` is that of the points before the step, which stay when the last step gained nothing.
    if (stress <= negligible) break;
    if (last >= 0 && last - stress <= options.relative_tolerance * last) break;
    last = stress;
    embedding.points = std::move(next);
  }
  embedding.points = Aligned(embedding.points);
  MeasureFit(distances, options.threads, embedding);
  return embedding;
}

}  // namespace rnnfarm::analysis
