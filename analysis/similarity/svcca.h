// Singular vector canonical correlation analysis (Raghu et al., NeurIPS 2017), as the paper uses
// it: distance 1 - mean(ρ_1 … ρ_R), R the smaller number of components of the two.
#ifndef RNNFARM_ANALYSIS_SIMILARITY_SVCCA_H_
#define RNNFARM_ANALYSIS_SIMILARITY_SVCCA_H_

#include "analysis/similarity/metric.h"

namespace rnnfarm::analysis {

class Svcca : public Metric {
 public:
  struct Subspace : Prepared {
    Matrix u;  // samples x components, orthonormal
    int64_t bytes() const override { return u.size() * sizeof(double); }
  };

  // Share of the variance that the components kept hold, in (0, 1].
  explicit Svcca(double variance) : variance_(variance) {}

  absl::string_view name() const override { return "svcca"; }
  absl::StatusOr<std::unique_ptr<Prepared>> Prepare(const Matrix& x) const override;
  double Distance(const Prepared& a, const Prepared& b) const override;

  // ρ, descending, in [0, 1].
  static Vector CanonicalCorrelations(const Subspace& a, const Subspace& b);

 private:
  double variance_;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_SVCCA_H_
