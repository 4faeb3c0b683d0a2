#include "bench/all_pairs_population.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::bench {

namespace {

using analysis::Matrix;
using analysis::Vector;

constexpr int kSignals = 96;
constexpr double kHeadShare = 0.951;  // so that 95 % takes all of the components
constexpr double kOwnNoise = 0.5;     // beside the signals

Matrix Random(int rows, int columns, const std::string& name) {
  base::RandomStream stream(base::DeriveStream(0, "bench all pairs", name));
  return Matrix::NullaryExpr(rows, columns, [&] { return stream.Normal(); });
}

// Standard deviations of the components: 1/c within the head, 1/c² in the tail.
Vector Spectrum(int components, bool full_rank) {
  Vector variances = Vector::Zero(full_rank ? kUnits : components);
  for (int c = 0; c < components; ++c) variances[c] = 1.0 / (c + 1);
  variances *= kHeadShare / variances.sum();
  if (!full_rank) return variances.cwiseSqrt();
  Vector tail(kUnits - components);
  for (int c = 0; c < tail.size(); ++c) tail[c] = 1.0 / ((c + 1.0) * (c + 1.0));
  variances.tail(tail.size()) = tail * ((1 - kHeadShare) / tail.sum());
  return variances.cwiseSqrt();
}

}  // namespace

Population::Population(int networks, bool full_rank)
    : full_rank_(full_rank),
      signals_(Random(kSamples, kSignals, "signals")),
      noise_(Random(kSamples, 2 * kUnits, "noise")) {
  base::RandomStream stream(base::DeriveStream(0, "bench all pairs", "components"));
  const double ratio = std::log(static_cast<double>(kMostComponents + 1) / kLeastComponents);
  for (int i = 0; i < networks; ++i) {
    const double drawn = kLeastComponents * std::exp(ratio * stream.Uniform());
    components_.push_back(std::min(static_cast<int>(drawn), kMostComponents));
  }
}

Matrix Population::States(int network) const {
  const Vector spectrum = Spectrum(components_[network], full_rank_);
  const int rank = static_cast<int>(spectrum.size());
  Matrix mixing = Random(kSignals, rank, absl::StrCat("mixing ", network));
  for (int s = 0; s < kSignals; ++s) mixing.row(s) /= s + 1.0;
  // Another part of the same noise for each.
  const int first = network % kUnits;
  Matrix x = signals_ * mixing + kOwnNoise * noise_.middleCols(first, rank);
  x.rowwise() -= x.colwise().mean();
  // Orthonormal columns by Cholesky's factor, so that the spectrum is what is asked for.
  const Matrix gram = x.transpose() * x;
  Eigen::LLT<Matrix>(gram).matrixU().solveInPlace<Eigen::OnTheRight>(x);
  Matrix states = Matrix::Zero(kSamples, kUnits);
  const Matrix rotation =
      Eigen::HouseholderQR<Matrix>(Random(kUnits, rank, absl::StrCat("rotation ", network)))
          .householderQ() *
      Matrix::Identity(kUnits, rank);
  states = x * (spectrum.asDiagonal() * rotation.transpose());
  return states;
}

std::string Population::File(int network) const {
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> states =
      (States(network) * std::sqrt(static_cast<double>(kSamples))).cast<float>();
  return base::EncodeNpy(base::Array::Of<float>(
      {states.rows(), states.cols()}, {states.data(), static_cast<size_t>(states.size())}));
}

}  // namespace rnnfarm::bench
