#include "worker/dynamics/point_set.h"

#include <algorithm>
#include <cmath>

namespace rnnfarm::dynamics {

namespace {

double SquaredDistance(const double* a, const double* b, int64_t n, double give_up) {
  double sum = 0;
  for (int64_t i = 0; i < n && sum < give_up; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

int PointSet::Nearest(const torch::Tensor& state) const {
  double least = merge_distance_ * merge_distance_;
  int nearest = -1;
  for (size_t i = 0; i < points_.size(); ++i) {
    const double d = SquaredDistance(state.data_ptr<double>(), points_[i].state.data_ptr<double>(),
                                     state.size(0), least);
    if (d >= least) continue;
    least = d;
    nearest = static_cast<int>(i);
  }
  return nearest;
}

int PointSet::Add(const Solved& solved, double tolerance) {
  const torch::Tensor inside = (solved.states.abs() <= range_).all(1).contiguous();
  int fresh = 0;
  for (int64_t row = 0; row < solved.states.size(0); ++row) {
    ++starts_;
    const double q = solved.q.data_ptr<double>()[row];
    if (!std::isfinite(q)) {
      ++rejected_["not finite"];
    } else if (q >= tolerance) {
      ++rejected_["not converged"];
    } else if (!inside.data_ptr<bool>()[row]) {
      ++rejected_["out of range"];
    } else if (const torch::Tensor state = solved.states[row]; Contains(state)) {
      ++points_[Nearest(state)].hits;
      ++accepted_;
    } else if (static_cast<int>(points_.size()) >= limit_) {
      ++rejected_["beyond the limit of points"];
    } else {
      points_.push_back({state.clone(), q, 1});
      ++accepted_;
      ++fresh;
    }
  }
  return fresh;
}

double PointSet::EstimatedUnseen() const {
  double once = 0, twice = 0;
  for (const Candidate& point : points_) {
    once += point.hits == 1;
    twice += point.hits == 2;
  }
  return twice > 0 ? once * once / (2 * twice) : once * std::max(0.0, once - 1) / 2;
}

}  // namespace rnnfarm::dynamics
