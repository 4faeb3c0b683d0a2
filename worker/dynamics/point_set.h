// The different points that many starts ended on.
#ifndef RNNFARM_WORKER_DYNAMICS_POINT_SET_H_
#define RNNFARM_WORKER_DYNAMICS_POINT_SET_H_

#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

#include "worker/dynamics/newton.h"

namespace rnnfarm::dynamics {

struct Candidate {
  torch::Tensor state;  // (S)
  double q = 0;
  int hits = 0;
};

class PointSet {
 public:
  // Points closer than `merge_distance` are one; components beyond `range` (S) are refused, and so
  // is every new point after `limit`.
  PointSet(torch::Tensor range, double merge_distance, int limit)
      : range_(std::move(range)), merge_distance_(merge_distance), limit_(limit) {}

  // Takes every row with q < tolerance; returns how many new points that made.
  int Add(const Solved& solved, double tolerance);

  // Whether a point of the set is closer than the merge distance.
  bool Contains(const torch::Tensor& state) const { return Nearest(state) >= 0; }

  const std::vector<Candidate>& points() const { return points_; }
  int starts() const { return starts_; }
  int accepted() const { return accepted_; }
  // Starts that gave no point, by reason.
  const std::map<std::string, int>& rejected() const { return rejected_; }

  // Chao's lower bound for the points that no start hit, f₁² / 2 f₂ (f₁ (f₁ - 1) / 2 where f₂ = 0),
  // with f_k the number of points hit k times (Chao, Scand. J. Statist. 11, 1984).
  double EstimatedUnseen() const;

 private:
  int Nearest(const torch::Tensor& state) const;  // within the merge distance, or -1

  torch::Tensor range_;
  double merge_distance_;
  int limit_;
  std::vector<Candidate> points_;
  int starts_ = 0, accepted_ = 0;
  std::map<std::string, int> rejected_;
};

}  // namespace rnnfarm::dynamics

#endif  // RNNFARM_WORKER_DYNAMICS_POINT_SET_H_
