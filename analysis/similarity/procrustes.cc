#include "analysis/similarity/procrustes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/similarity/principal_components.h"

namespace rnnfarm::analysis {

struct Procrustes::Shape : Prepared {
  Matrix scores;  // samples x components, Frobenius norm 1
  int64_t bytes() const override { return scores.size() * sizeof(double); }
};

absl::StatusOr<std::unique_ptr<Prepared>> Procrustes::Prepare(const Matrix& x) const {
  auto centred = Normalised(x);
  if (!centred.ok()) return centred.status();
  auto shape = std::make_unique<Shape>();
  shape->scores = Compact(*centred);
  return std::unique_ptr<Prepared>(std::move(shape));
}

double Procrustes::Distance(const Prepared& a, const Prepared& b) const {
  const Matrix product =
      static_cast<const Shape&>(a).scores.transpose() * static_cast<const Shape&>(b).scores;
  // An SVD and not eigenvalues: arccos is steep near 1, where a loss of half the digits shows.
  const double cosine = Eigen::BDCSVD<Matrix>(product).singularValues().sum();
  return std::acos(std::clamp(cosine, 0.0, 1.0));
}

}  // namespace rnnfarm::analysis
