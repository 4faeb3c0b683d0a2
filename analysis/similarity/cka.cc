#include "analysis/similarity/cka.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/similarity/principal_components.h"

namespace rnnfarm::analysis {
namespace {

constexpr int kMinSamplesDebiased = 4;

}  // namespace

struct Cka::Features : Prepared {
  Matrix scores;             // samples x components, Frobenius norm 1
  Vector squared_row_norms;  // samples
  double self = 0;           // alignment with itself
  int64_t bytes() const override {
    return (scores.size() + squared_row_norms.size()) * sizeof(double);
  }
};

absl::StatusOr<std::unique_ptr<Prepared>> Cka::Prepare(const Matrix& x) const {
  if (debiased_ && x.rows() < kMinSamplesDebiased) {
    return absl::InvalidArgumentError(
        absl::StrCat("debiased CKA needs at least ", kMinSamplesDebiased, " samples, found ",
                     x.rows(), "; record more or set debiased: false"));
  }
  auto centred = Normalised(x);
  if (!centred.ok()) return centred.status();
  auto features = std::make_unique<Features>();
  features->scores = Compact(*centred);
  features->squared_row_norms = features->scores.rowwise().squaredNorm();
  features->self = Alignment(*features, *features);
  if (features->self <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("debiased CKA: ", x.rows(),
                     " samples are too few to estimate the alignment of this representation with "
                     "itself; record more or set debiased: false"));
  }
  return std::unique_ptr<Prepared>(std::move(features));
}

double Cka::Distance(const Prepared& a, const Prepared& b) const {
  const auto& x = static_cast<const Features&>(a);
  const auto& y = static_cast<const Features&>(b);
  const double cka = Alignment(x, y) / (std::sqrt(x.self) * std::sqrt(y.self));
  if (angular_) return std::acos(std::clamp(cka, -1.0, 1.0));
  // Rounding must not make a copy nearer than itself: a distance is not negative.
  return std::max(0.0, 1.0 - cka);
}

double Cka::Alignment(const Features& a, const Features& b) const {
  const double biased = (a.scores.transpose() * b.scores).squaredNorm();
  if (!debiased_) return biased;
  // The estimate of HSIC_1 for centred features, up to the factor 1 / (n (n - 3)) that cancels.
  const double n = static_cast<double>(a.scores.rows());
  const double diagonal = a.squared_row_norms.dot(b.squared_row_norms);
  const double traces = a.squared_row_norms.sum() * b.squared_row_norms.sum();
  return biased - n / (n - 2) * diagonal + traces / ((n - 1) * (n - 2));
}

}  // namespace rnnfarm::analysis
