// Principal components of a network's states.
#ifndef RNNFARM_ANALYSIS_FIGURES_PRINCIPAL_COMPONENTS_H_
#define RNNFARM_ANALYSIS_FIGURES_PRINCIPAL_COMPONENTS_H_

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace rnnfarm::figures {

struct PrincipalComponents {
  Eigen::RowVectorXd mean;    // units
  Eigen::MatrixXd axes;       // units x components, orthonormal columns, most variance first
  Eigen::VectorXd explained;  // share of the variance, a component

  // points x units to points x components.
  Eigen::MatrixXd Project(const Eigen::MatrixXd& points) const;
};

// `samples`: samples x units. At most `count` components, fewer if there are fewer units. The entry
// of largest magnitude of each axis is positive, so that equal input draws the same picture.
// INVALID_ARGUMENT for NaN, infinities, fewer than two samples, or states that never vary.
absl::StatusOr<PrincipalComponents> FitPrincipalComponents(const Eigen::MatrixXd& samples,
                                                           int count);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_PRINCIPAL_COMPONENTS_H_
