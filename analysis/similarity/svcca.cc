// Singular vector canonical correlation analysis (Raghu et al., NeurIPS 2017), as the paper uses
// it: distance 1 − mean(ρ_1 … ρ_R), R the smaller number of components of the two. With all of the
// components it is CCA (Morcos et al., NeurIPS 2018: mean CCA similarity).
#include <algorithm>
#include <memory>

#include "analysis/similarity/kinds.h"
#include "analysis/similarity/principal_components.h"
#include "analysis/similarity/singular_values.h"
#include "analysis/similarity/states_metric.h"

namespace rnnfarm::analysis {
namespace {

// ρ to 1e-6 tells two networks apart beyond this distance.
constexpr double kNear = 1e-4;

class Svcca : public StatesMetric {
 public:
  // `components` of them, or, if it is 0, as many as hold the share `variance` in (0, 1].
  Svcca(double variance, int components) : variance_(variance), components_(components) {}

  double Distance(const Prepared&, const Prepared&, const Matrix& product) const override {
    return std::max(0.0, 1.0 - SingularValues(product).cwiseMin(1.0).mean());
  }
  bool IsNear(const Prepared&, const Prepared&, double distance) const override {
    return distance < kNear;
  }

 protected:
  // Factors: the left singular vectors that are kept.
  absl::StatusOr<Prepared> PrepareStates(const Representation& states) const override {
    const Matrix x = Normalised(states.x).x;
    Prepared prepared;
    prepared.factors =
        (components_ > 0 ? LeadingByCount(x, components_) : LeadingByShare(x, variance_))
            .u.cast<float>();
    return prepared;
  }

 private:
  double variance_;
  int components_;
};

}  // namespace

MetricKind SvccaKind() {
  return {"svcca",
          MetricInput::kStates,
          {{.name = "variance", .fallback = 0.95, .min = 0, .max = 1, .above_min = true},
           {.name = "components", .fallback = 0, .min = 0, .max = 1 << 14, .whole = true}},
          [](const MetricSettings& settings) -> std::unique_ptr<Metric> {
            return std::make_unique<Svcca>(settings.at("variance"),
                                           static_cast<int>(settings.at("components")));
          }};
}

MetricKind CcaKind() {
  return {"cca", MetricInput::kStates, {}, [](const MetricSettings&) -> std::unique_ptr<Metric> {
            return std::make_unique<Svcca>(1.0, 0);
          }};
}

}  // namespace rnnfarm::analysis
