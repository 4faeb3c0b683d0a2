#include "analysis/figures/principal_components.h"

#include <algorithm>

#include "absl/status/status.h"

namespace rnnfarm::figures {

Eigen::MatrixXd PrincipalComponents::Project(const Eigen::MatrixXd& points) const {
  return (points.rowwise() - mean) * axes;
}

absl::StatusOr<PrincipalComponents> FitPrincipalComponents(const Eigen::MatrixXd& samples,
                                                           int count) {
  if (samples.rows() < 2 || samples.cols() < 1) {
    return absl::InvalidArgumentError("principal components need at least two states");
  }
  if (!samples.allFinite()) {
    return absl::InvalidArgumentError("the states hold numbers that are not finite");
  }
  PrincipalComponents out;
  out.mean = samples.colwise().mean();
  const Eigen::MatrixXd centred = samples.rowwise() - out.mean;
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(samples.cols(), samples.cols());
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(centred.transpose());
  const double total = covariance.trace();
  if (!(total > 0)) return absl::InvalidArgumentError("the states never vary");
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(covariance);
  if (solved.info() != Eigen::Success) {
    return absl::InvalidArgumentError("the eigenvalues of the covariance did not converge");
  }
  const Eigen::Index units = samples.cols();
  const Eigen::Index kept = std::min<Eigen::Index>(count, units);
  out.axes.resize(units, kept);
  out.explained.resize(kept);
  for (Eigen::Index k = 0; k < kept; ++k) {
    Eigen::VectorXd axis = solved.eigenvectors().col(units - 1 - k);
    Eigen::Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    if (axis(largest) < 0) axis = -axis;
    out.axes.col(k) = axis;
    out.explained(k) = std::max(0.0, solved.eigenvalues()(units - 1 - k)) / total;
  }
  return out;
}

}  // namespace rnnfarm::figures
