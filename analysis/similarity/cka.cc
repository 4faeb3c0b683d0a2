// Linear centred kernel alignment (Kornblith et al., ICML 2019): ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F), or
// the same ratio of the debiased estimates of its three terms (Song et al., JMLR 2012). Distance
// 1 − CKA, or arccos(CKA), which is a true metric. The debiased form can leave [0, 1]: its distance
// is above 1 where the estimate is negative, its angle is of CKA cut to [−1, 1].
#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "analysis/similarity/kinds.h"
#include "analysis/similarity/principal_components.h"
#include "analysis/similarity/singular_values.h"
#include "analysis/similarity/states_metric.h"

namespace rnnfarm::analysis {
namespace {

constexpr int kMinSamplesDebiased = 4;
// CKA to 1e-6 tells two networks apart beyond these distances.
constexpr double kNear = 1e-4, kNearAngle = 0.05;
constexpr double kLittleLeft = 0.1;

class Cka : public StatesMetric {
 public:
  Cka(bool debiased, bool angular) : debiased_(debiased), angular_(angular) {}

  double Distance(const Prepared& a, const Prepared& b, const Matrix& product) const override {
    const double cka = Alignment(a, b, product) / std::sqrt(Self(a) * Self(b));
    if (angular_) return std::acos(std::clamp(cka, -1.0, 1.0));
    // Rounding must not make a copy nearer than itself: a distance is not negative.
    return std::max(0.0, 1.0 - cka);
  }
  bool IsNear(const Prepared& a, const Prepared& b, double distance) const override {
    // The debiased estimate is what is left of terms that cancel.
    if (debiased_ && std::min(Left(a), Left(b)) < kLittleLeft) return true;
    return distance < (angular_ ? kNearAngle : kNear);
  }

 protected:
  // Factors: the scores of Frobenius norm 1; debiased, a last column of their squared row norms, so
  // that the product brings the sum over samples of both networks' norms. `rest`: the alignment
  // with itself; the sum of the squared row norms; the biased alignment with itself.
  absl::StatusOr<Prepared> PrepareStates(const Representation& states) const override {
    if (debiased_ && states.x.rows() < kMinSamplesDebiased) {
      return absl::InvalidArgumentError(
          absl::StrCat("debiased CKA needs at least ", kMinSamplesDebiased, " samples, found ",
                       states.x.rows(), "; record more or set debiased to 0"));
    }
    const Matrix scores = Compact(Normalised(states.x).x);
    Prepared prepared;
    prepared.extent = states.x.rows();
    prepared.factors.resize(scores.rows(), scores.cols() + (debiased_ ? 1 : 0));
    prepared.factors.leftCols(scores.cols()) = scores.cast<float>();
    if (debiased_) {
      prepared.factors.rightCols(1) = scores.rowwise().squaredNorm().cast<float>();
    }
    // Of the rounded numbers: a copy is then no further than it was.
    const Matrix rounded = prepared.factors.cast<double>();
    const Matrix product = rounded.transpose() * rounded;
    prepared.rest = Matrix::Zero(3, 1);
    prepared.rest(1) = rounded.leftCols(scores.cols()).squaredNorm();
    prepared.rest(2) = product.topLeftCorner(scores.cols(), scores.cols()).squaredNorm();
    prepared.rest(0) = Alignment(prepared, prepared, product);
    if (prepared.rest(0) <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("debiased CKA: ", states.x.rows(),
                       " samples are too few to estimate the alignment of this representation with "
                       "itself; record more or set debiased to 0"));
    }
    return prepared;
  }

 private:
  static double Self(const Prepared& prepared) { return prepared.rest(0); }
  // Share of the biased alignment that the debiased one is.
  static double Left(const Prepared& prepared) { return prepared.rest(0) / prepared.rest(2); }

  // ‖XᵀY‖²_F, debiased if asked for.
  double Alignment(const Prepared& a, const Prepared& b, const Matrix& product) const {
    if (!debiased_) return Oriented(product).squaredNorm();
    // The estimate of HSIC_1 for centred features, up to the factor 1 / (n (n - 3)) that cancels.
    const Eigen::Index rows = product.rows() - 1, columns = product.cols() - 1;
    const double n = static_cast<double>(a.extent);
    const double diagonal = product(rows, columns), traces = a.rest(1) * b.rest(1);
    return Oriented(product.topLeftCorner(rows, columns)).squaredNorm() - n / (n - 2) * diagonal +
           traces / ((n - 1) * (n - 2));
  }

  bool debiased_;
  bool angular_;
};

}  // namespace

MetricKind CkaKind() {
  return {"cka",
          MetricInput::kStates,
          {{.name = "debiased", .fallback = 0, .min = 0, .max = 1, .whole = true},
           {.name = "angular", .fallback = 0, .min = 0, .max = 1, .whole = true}},
          [](const MetricSettings& settings) -> std::unique_ptr<Metric> {
            return std::make_unique<Cka>(settings.at("debiased") == 1, settings.at("angular") == 1);
          }};
}

}  // namespace rnnfarm::analysis
