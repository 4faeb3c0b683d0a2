#include "worker/dynamics/fixed_points.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "worker/dynamics/newton.h"
#include "worker/dynamics/point_set.h"
#include "worker/dynamics/readout_order.h"
#include "worker/dynamics/slow_descent.h"
#include "worker/dynamics/starts.h"

namespace rnnfarm::dynamics {

namespace {

using torch::Tensor;

// Above so many conditions, `starts` are shared out between them, down to a floor.
constexpr int kFewConditions = 2;
constexpr int kFewestStarts = 32;
// Longest Newton step, of any component, as a share of the range: longer ones pass by points that
// are nearer.
constexpr double kLargestStep = 0.5;
// Starts of the slow search at one condition.
constexpr int kSlowStarts = 512;
// Noise of fresh starts doubles each round from at least this, so many times.
constexpr double kLeastFreshNoise = 0.1;
constexpr int kMostDoublings = 3;
// Steps from a point along its modes, as distances in the state, and the modes that take part.
constexpr double kShortestStep = 0.05, kLongestStep = 2;
constexpr int kNearModes = 3;
// Random substreams of one condition: one a round.
constexpr uint64_t kSubstreams = 256;

// The modes whose eigenvalues are nearest to 1, at most kNearModes.
std::vector<int64_t> ModesNearOne(const Spectrum& spectrum) {
  std::vector<int64_t> modes(spectrum.values.size());
  std::iota(modes.begin(), modes.end(), 0);
  std::stable_sort(modes.begin(), modes.end(), [&](int64_t a, int64_t b) {
    return std::abs(spectrum.values[a] - 1.0) < std::abs(spectrum.values[b] - 1.0);
  });
  modes.resize(std::min<size_t>(modes.size(), kNearModes));
  return modes;
}

// The points of one condition while they are being found.
class ConditionSearch {
 public:
  ConditionSearch(const Search& search, int condition, Tensor input)
      : search_(search),
        condition_(condition),
        input_(std::move(input)),
        nearby_(NearbyStates(search.trajectories, input_,
                             search.trajectories.states.size(0) / search.conditions)),
        isolated_(search.range, search.settings.merge_distance, kMaxIsolatedPoints) {}

  ConditionPoints Run(const Tensor& also) {
    const int starts = StartsPerRound(search_.settings, search_.conditions);
    for (int round = 0; round < search_.settings.rounds; ++round) {
      if (Complete(round) || !Asked(search_.go_on)) break;
      base::RandomStream random = Random(round);
      Tensor from = round == 0 ? NoisyStates(nearby_, starts, search_.settings.start_noise, random)
                               : LaterStarts(round, starts, random);
      if (round == 0 && also.defined()) from = torch::cat({from, also}, 0);
      AddRound(SolveNewton(search_.network, input_, from, NewtonStopping()));
    }
    if (search_.slow_manifolds) AddSlowPoints();
    return Finish();
  }

 private:
  base::RandomStream Random(int round) const {
    return base::RandomStream(search_.random, condition_ * kSubstreams + round);
  }

  Stopping NewtonStopping() const {
    return {search_.settings.tolerance, search_.settings.max_iterations,
            kLargestStep * search_.range.min().item<double>(), search_.go_on};
  }

  int IndexSum() const {
    int sum = 0;
    for (const FixedPoint& point : points_) sum += point.slow ? 0 : point.map.index;
    return sum;
  }

  bool Certified() const { return StaysInBall(search_.network.spec) && IndexSum() == 1; }

  Verdict JudgeCompleteness() const {
    if (isolated_.points().empty()) return Verdict::kNoFixedPoint;
    if (!StaysInBall(search_.network.spec)) return Verdict::kNoTheorem;
    return Certified() ? Verdict::kCertified : Verdict::kIncomplete;
  }

  bool Complete(int round) const {
    if (round == 0) return false;
    if (StaysInBall(search_.network.spec) && !Certified()) return false;
    // One point leaves nothing to combine; two or more deserve a round of combinations.
    const bool alone = Certified() && points_.size() < 2;
    return alone || (round > 1 && fresh_ == 0 && isolated_.EstimatedUnseen() < 1);
  }

  // The states of points found, (points, S); of stable ones only if asked.
  Tensor States(bool stable_only) const {
    std::vector<Tensor> states;
    for (const FixedPoint& point : points_) {
      if (!stable_only || point.map.unstable == 0) states.push_back(point.state);
    }
    return states.empty() ? torch::empty({0, search_.network.spec.state_size()}, torch::kFloat64)
                          : torch::stack(states);
  }

  // A quarter each: combinations of stable points, of all points, steps from points along their
  // modes of λ nearest to 1, and fresh trajectory states under more noise; more of the last where
  // there is nothing to combine.
  Tensor LaterStarts(int round, int starts, base::RandomStream& random) const {
    const Tensor all = States(false), stable = States(true);
    std::vector<Tensor> parts;
    int left = starts;
    const auto take = [&](const Tensor& points, int count) {
      if (points.size(0) < 2) return;
      parts.push_back(Combinations(points, count, random));
      left -= count;
    };
    take(stable, starts / 4);
    take(all, starts / 4);
    if (!points_.empty()) {
      parts.push_back(AlongModes(starts / 4, random));
      left -= starts / 4;
    }
    const double noise = std::max(search_.settings.start_noise, kLeastFreshNoise);
    parts.push_back(NoisyStates(nearby_, left,
                                noise * std::ldexp(1.0, std::min(round, kMostDoublings)), random));
    return torch::cat(parts, 0);
  }

  // From random points ± s Re r_a, s log-uniform: where a pair of points has parted in a fold, λ is
  // near 1 and the other one lies in this direction.
  Tensor AlongModes(int count, base::RandomStream& random) const {
    std::vector<Tensor> starts;
    for (int i = 0; i < count; ++i) {
      const FixedPoint& point = points_[random.Below(points_.size())];
      const std::vector<int64_t> modes = ModesNearOne(point.map.spectrum);
      const Tensor direction =
          torch::real(point.map.spectrum.vectors.select(1, modes[random.Below(modes.size())]));
      const double length =
          kShortestStep * std::pow(kLongestStep / kShortestStep, random.Uniform());
      starts.push_back(point.state + (random.Below(2) == 0 ? length : -length) * direction);
    }
    return torch::stack(starts);
  }

  void AddRound(const Solved& solved) {
    fresh_ = isolated_.Add(solved, search_.settings.tolerance);
    const size_t known = isolated_.points().size() - fresh_;
    for (size_t i = known; i < isolated_.points().size() && Asked(search_.go_on); ++i) {
      points_.push_back(Describe(isolated_.points()[i], /*slow=*/false));
    }
  }

  FixedPoint Describe(const Candidate& candidate, bool slow) const {
    FixedPoint point{condition_, candidate.state, input_, candidate.q, candidate.hits, slow, {},
                     {}};
    const Tensor readout = ReadoutOf(candidate.state.unsqueeze(0))[0].contiguous();
    point.readout.assign(readout.data_ptr<double>(), readout.data_ptr<double>() + readout.numel());
    point.map = LinearizeAt(search_.network, point.state, input_);
    return point;
  }

  Tensor ReadoutOf(const Tensor& states) const {
    return rnn::Readout(search_.network.spec, search_.network.weights, states);
  }

  int SlowLimit() const {
    const int64_t s = search_.network.spec.state_size();
    // J, its right and its left eigenvectors.
    const int64_t point_bytes = s * s * int64_t{sizeof(double) + 2 * sizeof(std::complex<double>)};
    return static_cast<int>(
        std::clamp<int64_t>(kMaxSlowBytes / point_bytes, kFewestSlowPoints, kMaxSlowPoints));
  }

  void AddSlowPoints() {
    base::RandomStream random = Random(search_.settings.rounds);
    const int starts = std::min(kSlowStarts, StartsPerRound(search_.settings, search_.conditions));
    Stopping stopping = NewtonStopping();
    stopping.tolerance = search_.settings.slow_tolerance;
    PointSet slow(search_.range, search_.settings.merge_distance, starts);
    slow.Add(
        DescendToSlow(search_.network, input_,
                      NoisyStates(nearby_, starts, search_.settings.start_noise, random), stopping),
        stopping.tolerance);
    std::vector<const Candidate*> kept;
    for (const Candidate& candidate : slow.points()) {
      if (!isolated_.Contains(candidate.state)) kept.push_back(&candidate);
    }
    for (const Candidate* candidate : ThinnedByReadout(std::move(kept), SlowLimit())) {
      if (!Asked(search_.go_on)) return;
      points_.push_back(Describe(*candidate, /*slow=*/true));
    }
  }

  // At most `limit` of the candidates, nearest to evenly spaced readouts (first output).
  std::vector<const Candidate*> ThinnedByReadout(std::vector<const Candidate*> candidates,
                                                 int limit) const {
    if (static_cast<int>(candidates.size()) <= limit) return candidates;
    std::vector<std::pair<double, const Candidate*>> sorted;
    for (const Candidate* c : candidates) {
      sorted.emplace_back(ReadoutOf(c->state.unsqueeze(0))[0][0].item<double>(), c);
    }
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<double> readouts;
    for (const auto& [readout, c] : sorted) readouts.push_back(readout);
    std::vector<const Candidate*> kept;
    for (int i : EvenlySpaced(readouts, readouts.front(), readouts.back(), limit)) {
      kept.push_back(sorted[i].second);
    }
    return kept;
  }

  ConditionPoints Finish() {
    ConditionPoints out;
    out.summary.condition = condition_;
    out.summary.starts = isolated_.starts();
    out.summary.converged = isolated_.accepted();
    out.summary.unique = static_cast<int>(isolated_.points().size());
    out.summary.rejected = isolated_.rejected();
    out.summary.estimated_unseen = HitCounts();
    out.summary.index_sum = IndexSum();
    out.summary.certified = Certified();
    out.summary.verdict = JudgeCompleteness();
    for (const FixedPoint& point : points_) {
      if (point.slow) continue;
      if (point.map.unstable >= out.summary.by_index.size()) {
        out.summary.by_index.resize(point.map.unstable + 1);
      }
      ++out.summary.by_index[point.map.unstable];
      out.summary.largest_q = std::max(out.summary.largest_q, point.q);
    }
    std::stable_sort(points_.begin(), points_.end(), [](const FixedPoint& a, const FixedPoint& b) {
      return std::make_tuple(RoundedReadout(a.readout), a.map.unstable, a.slow, a.readout) <
             std::make_tuple(RoundedReadout(b.readout), b.map.unstable, b.slow, b.readout);
    });
    out.points = std::move(points_);
    return out;
  }

  double HitCounts() {
    size_t next = 0;
    for (FixedPoint& point : points_) {
      if (!point.slow) point.hits = isolated_.points()[next++].hits;
    }
    return isolated_.EstimatedUnseen();
  }

  const Search& search_;
  const int condition_;
  const Tensor input_;
  const Tensor nearby_;  // trajectory states to start from
  PointSet isolated_;
  std::vector<FixedPoint> points_;  // in the order of discovery
  int fresh_ = 0;                   // points that the last round found first
};

}  // namespace

absl::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kCertified:
      return "certified";
    case Verdict::kIncomplete:
      return "incomplete";
    case Verdict::kNoTheorem:
      return "no_theorem";
    case Verdict::kNoFixedPoint:
      return "no_fixed_point";
  }
  return "";
}

int StartsPerRound(const Settings& settings, int conditions) {
  return conditions <= kFewConditions ? settings.starts
                                      : std::max(kFewestStarts, settings.starts / conditions);
}

ConditionPoints FindFixedPoints(const Search& search, int condition, const Tensor& input,
                                const Tensor& also) {
  return ConditionSearch(search, condition, input).Run(also);
}

}  // namespace rnnfarm::dynamics
