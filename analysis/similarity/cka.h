// Linear centred kernel alignment (Kornblith et al., ICML 2019): ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F), or
// the same ratio of the debiased estimates of its three terms (Song et al., JMLR 2012).
#ifndef RNNFARM_ANALYSIS_SIMILARITY_CKA_H_
#define RNNFARM_ANALYSIS_SIMILARITY_CKA_H_

#include "analysis/similarity/metric.h"

namespace rnnfarm::analysis {

// Distance 1 - CKA; with `angular` arccos(CKA), which is a true metric. The debiased form can leave
// [0, 1]: its distance is above 1 where the estimate is negative, its angle is of CKA cut to
// [-1, 1].
class Cka : public Metric {
 public:
  Cka(bool debiased, bool angular) : debiased_(debiased), angular_(angular) {}

  absl::string_view name() const override { return "cka"; }
  absl::StatusOr<std::unique_ptr<Prepared>> Prepare(const Matrix& x) const override;
  double Distance(const Prepared& a, const Prepared& b) const override;

 private:
  struct Features;
  // ‖XᵀY‖²_F, debiased if asked for.
  double Alignment(const Features& a, const Features& b) const;

  bool debiased_;
  bool angular_;
};

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_SIMILARITY_CKA_H_
