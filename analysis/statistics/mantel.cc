#include "analysis/statistics/mantel.h"

#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

constexpr int kMinConfigurations = 3;
// Correlations closer than this are one arrangement summed in another order.
constexpr double kSameCorrelation = 1e-12;

// The pairs i > j of a symmetric matrix, rows and columns taken in `order`, less their mean.
Vector CentredPairs(const Matrix& distances, const std::vector<int>& order) {
  const Eigen::Index n = static_cast<Eigen::Index>(order.size());
  Vector out(n * (n - 1) / 2);
  Eigen::Index pair = 0;
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j + 1; i < n; ++i) out[pair++] = distances(order[i], order[j]);
  }
  if (out.size() > 0) out.array() -= out.mean();
  return out;
}

std::optional<double> Correlation(const Vector& a, const Vector& b) {
  const double norms = a.norm() * b.norm();
  if (a.size() < 2 || !(norms > 0)) return std::nullopt;
  return a.dot(b) / norms;
}

std::vector<int> InOrder(Eigen::Index n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Mean distances between the networks of two configurations; the diagonal is not used.
Matrix ConfigurationMeans(const Matrix& distances, absl::Span<const int> configuration) {
  std::map<int, int> index;
  std::vector<int> of;
  for (int code : configuration) {
    of.push_back(index.emplace(code, static_cast<int>(index.size())).first->second);
  }
  const Eigen::Index count = static_cast<Eigen::Index>(index.size());
  Matrix sums = Matrix::Zero(count, count), pairs = Matrix::Zero(count, count);
  for (Eigen::Index j = 0; j < distances.cols(); ++j) {
    for (Eigen::Index i = 0; i < distances.rows(); ++i) {
      sums(of[i], of[j]) += distances(i, j);
      pairs(of[i], of[j]) += 1;
    }
  }
  return sums.cwiseQuotient(pairs);
}

std::optional<double> PermutationP(const Matrix& a, const Matrix& b, int permutations) {
  if (a.rows() < kMinConfigurations) return std::nullopt;
  std::vector<int> order = InOrder(a.rows());
  const Vector fixed = CentredPairs(a, order);
  const auto observed = Correlation(fixed, CentredPairs(b, order));
  if (!observed) return std::nullopt;
  const base::StreamKey key = base::DeriveStream(0, "mantel", "permutations");
  int at_least = 0;
  for (int p = 0; p < permutations; ++p) {
    base::RandomStream stream(key, p);
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[stream.Below(static_cast<uint32_t>(i))]);
    }
    const auto permuted = Correlation(fixed, CentredPairs(b, order));
    if (permuted && *permuted >= *observed - kSameCorrelation) ++at_least;
  }
  return (1.0 + at_least) / (1.0 + permutations);
}

}  // namespace

Mantel CorrelateDistances(const Matrix& a, const Matrix& b, absl::Span<const int> configuration,
                          int permutations) {
  const std::vector<int> order = InOrder(a.rows());
  Mantel out;
  out.correlation = Correlation(CentredPairs(a, order), CentredPairs(b, order));
  if (!out.correlation) return out;
  out.p_value = PermutationP(ConfigurationMeans(a, configuration),
                             ConfigurationMeans(b, configuration), permutations);
  return out;
}

}  // namespace rnnfarm::analysis
