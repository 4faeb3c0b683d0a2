// Shape distances (Williams et al., Generalized shape metrics on neural representations, NeurIPS
// 2021; netrep): after whitening to the degree 1 − α, the distance over the best rotation. α = 1 is
// Procrustes' distance, α = 0 that of CCA. The angle arccos(‖XᵀY‖_* / (‖X‖_F ‖Y‖_F)), in [0, π/2],
// is a true metric; the Euclidean form sqrt(‖X‖²_F + ‖Y‖²_F − 2 ‖XᵀY‖_*) keeps the units of X.
#include <algorithm>
#include <cmath>
#include <memory>

#include "analysis/similarity/kinds.h"
#include "analysis/similarity/principal_components.h"
#include "analysis/similarity/singular_values.h"
#include "analysis/similarity/states_metric.h"

namespace rnnfarm::analysis {
namespace {

// A cosine to 1e-6 tells two networks apart beyond this angle.
constexpr double kNearAngle = 0.05;

class Procrustes : public StatesMetric {
 public:
  Procrustes(double alpha, bool euclidean) : alpha_(alpha), euclidean_(euclidean) {}

  double Distance(const Prepared& a, const Prepared& b, const Matrix& product) const override {
    return Of(a, b, SingularValues(product).sum());
  }
  double ExactDistance(const Prepared& a, const Prepared& b, const Matrix& product) const override {
    return Of(a, b, ExactNuclearNorm(product));
  }
  bool IsNear(const Prepared& a, const Prepared& b, double distance) const override {
    return distance < (euclidean_ ? kNearAngle * std::min(Size(a), Size(b)) : kNearAngle);
  }

 protected:
  // Factors: the (partly whitened) scores. `rest`: their Frobenius norm; ‖X‖_F of the data, which
  // whitening keeps (netrep's preserve_variance).
  absl::StatusOr<Prepared> PrepareStates(const Representation& states) const override {
    const Normalised normalised(states.x);
    Prepared prepared;
    prepared.factors = Whitened(normalised.x).cast<float>();
    prepared.rest = Matrix::Zero(2, 1);
    prepared.rest(0) = prepared.factors.cast<double>().norm();
    prepared.rest(1) = normalised.x.norm() * normalised.scale;
    return prepared;
  }

 private:
  static double Size(const Prepared& prepared) { return prepared.rest(1); }

  // U (α S / rms(S) + 1 − α), Frobenius norm about 1. Singular values relative to their root mean
  // square, so that a degree between 0 and 1 does not depend on the units of x.
  Matrix Whitened(const Matrix& x) const {
    if (alpha_ == 1) return Compact(x);
    const LeadingComponents all = LeadingByShare(x, 1.0);
    const double rms = all.s.norm() / std::sqrt(static_cast<double>(all.s.size()));
    const Vector weight = (alpha_ / rms * all.s).array() + (1 - alpha_);
    return all.u * (weight / weight.norm()).asDiagonal();
  }

  double Of(const Prepared& a, const Prepared& b, double nuclear_norm) const {
    const double cosine = std::clamp(nuclear_norm / (a.rest(0) * b.rest(0)), 0.0, 1.0);
    if (!euclidean_) return std::acos(cosine);
    const double difference = Size(a) - Size(b);
    return std::sqrt(difference * difference + 2 * Size(a) * Size(b) * (1 - cosine));
  }

  double alpha_;
  bool euclidean_;
};

}  // namespace

MetricKind ProcrustesKind() {
  return {"procrustes",
          MetricInput::kStates,
          {{.name = "alpha", .fallback = 1, .min = 0, .max = 1},
           {.name = "euclidean", .fallback = 0, .min = 0, .max = 1, .whole = true}},
          [](const MetricSettings& settings) -> std::unique_ptr<Metric> {
            return std::make_unique<Procrustes>(settings.at("alpha"),
                                                settings.at("euclidean") == 1);
          }};
}

}  // namespace rnnfarm::analysis
