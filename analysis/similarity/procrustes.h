// The angular Procrustes distance arccos(‖XᵀY‖_* / (‖X‖_F ‖Y‖_F)), in [0, π/2]: a true metric
// (Williams et al., Generalized shape metrics on neural representations, NeurIPS 2021, α = 1).
#ifndef RNNFARM_ANALYSIS_SIMILARITY_PROCRUSTES_H_
#define RNNFARM_ANALYSIS_SIMILARITY_PROCRUSTES_H_

#include "analysis/similarity/metric.h"

namespace rnnfarm::analysis {

class Procrustes : public Metric {
 public:
  absl::string_view name() const override { return "procrustes"; }
  absl::StatusOr<std::unique_ptr<Prepared>> Prepare(const Matrix& x) const override;
  double Distance(const Prepared& a, const Prepared& b) const override;

 private:
  struct Shape;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_PROCRUSTES_H_
