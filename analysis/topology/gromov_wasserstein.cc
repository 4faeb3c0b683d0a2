// The fused Gromov–Wasserstein distance of fixed-point graphs (Vayer et al. 2019; of directed
// networks, Chowdhury and Mémoli 2019), square loss, uniform masses:
//
//   d² = min over plans T of (1 − α) Σ ‖f_i − g_j‖² T_ij + α Σ (A_ik − B_jl)² T_ij T_kl
//
// f and g are the features of the nodes (graph.h). The smaller graph is filled up with absent
// nodes, that have no edges and cost 1 against every node that is there: with masses 1 / n and 1 /
// m instead, a further missing node may restore a balance of places and bring graphs nearer. So the
// distance is 0 for relabelled copies and grows with every node that is taken away. The minimum is
// sought by conditional gradient from several starts: what is found is never below the distance.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/metric.h"
#include "analysis/topology/graph.h"
#include "analysis/topology/kinds.h"
#include "analysis/transport.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {
namespace {

constexpr int kLongestWalk = 8;
constexpr double kEqualCosts = 1e-9;  // that differ by rounding only
// From every start; the best plan is then followed further.
constexpr int kFirstSteps = 10;
constexpr int kMaxSteps = 200;
constexpr double kLeastGain = 1e-6;  // of the cost: a smaller step ends the descent
constexpr double kRounding = 1e-15;
// As much as a readout that flips by one, or one unstable direction more.
constexpr double kAbsentCost = 1;

Matrix SquaredDistances(const Matrix& x, const Matrix& y) {
  Matrix out(x.rows(), y.rows());
  for (Eigen::Index j = 0; j < y.rows(); ++j) {
    out.col(j) = (x.rowwise() - y.row(j)).rowwise().squaredNorm();
  }
  return out;
}

// What a node's edges tell of it without a name: edges by weight, and the walks that begin, end and
// close at it.
Matrix Profiles(const Matrix& adjacency) {
  const Eigen::Index n = adjacency.rows();
  Matrix out = Matrix::Zero(n, 2 * n + 3 * kLongestWalk);
  for (Eigen::Index i = 0; i < n; ++i) {
    Vector to = adjacency.row(i), from = adjacency.col(i);
    std::sort(to.begin(), to.end(), std::greater<>());
    std::sort(from.begin(), from.end(), std::greater<>());
    out.row(i).head(n) = to.transpose();
    out.row(i).segment(n, n) = from.transpose();
  }
  Matrix walks = adjacency;
  for (int length = 0; length < kLongestWalk; ++length) {
    out.col(2 * n + 3 * length) = walks.rowwise().sum();
    out.col(2 * n + 3 * length + 1) = walks.colwise().sum().transpose();
    out.col(2 * n + 3 * length + 2) = walks.diagonal();
    walks = walks * adjacency;
  }
  return out;
}

// Costs that single out one of the equal ways in which a symmetric graph lies on its copy: nodes
// are paired one after the other, each with its cheapest partner, and every pair charges all others
// for edges to it that differ.
class Pairing {
 public:
  Pairing(const Matrix& a, const Matrix& b, Matrix costs)
      : a_(a), b_(b), costs_(std::move(costs)), attached_(Vector::Zero(a.rows())) {
    for (Eigen::Index i = 0; i < a.rows(); ++i) rows_.push_back(i);
    for (Eigen::Index j = 0; j < b.rows(); ++j) columns_.push_back(j);
  }

  Matrix Costs() {
    while (!rows_.empty() && !columns_.empty()) Pair();
    return std::move(costs_);
  }

 private:
  using Indices = std::vector<Eigen::Index>;

  Indices::iterator Cheapest(Eigen::Index row) {
    return std::min_element(columns_.begin(), columns_.end(),
                            [&](auto j, auto l) { return costs_(row, j) < costs_(row, l); });
  }

  // The node with the fewest equal partners is next; of such, the one most tied to pairs.
  std::pair<Eigen::Index, double> Urgency(Eigen::Index row) {
    const double least = costs_(row, *Cheapest(row)) + kEqualCosts;
    const auto equal = std::count_if(columns_.begin(), columns_.end(),
                                     [&](auto j) { return costs_(row, j) <= least; });
    return {-equal, attached_[row]};
  }

  void Pair() {
    auto row = rows_.begin();
    auto most = Urgency(*row);
    for (auto other = row + 1; other != rows_.end(); ++other) {
      const auto urgency = Urgency(*other);
      if (urgency <= most) continue;
      most = urgency;
      row = other;
    }
    const auto column = Cheapest(*row);
    attached_ += a_.row(*row).transpose() + a_.col(*row);
    costs_ += SquaredDistances(a_.row(*row).transpose(), b_.row(*column).transpose()) +
              SquaredDistances(a_.col(*row), b_.col(*column));
    rows_.erase(row);
    columns_.erase(column);
  }

  const Matrix& a_;
  const Matrix& b_;
  Matrix costs_;
  Vector attached_;         // weight of the edges to pairs
  Indices rows_, columns_;  // not yet paired
};

// `adjacency` with absent nodes up to n.
Matrix FilledUp(const Matrix& adjacency, Eigen::Index n) {
  Matrix out = Matrix::Zero(n, n);
  out.topLeftCorner(adjacency.rows(), adjacency.cols()) = adjacency;
  return out;
}

class Problem {
 public:
  Problem(const Matrix& a, const Matrix& b, const Matrix& feature_costs, double alpha)
      : a_(a), b_(b), linear_((1 - alpha) * feature_costs), alpha_(alpha) {
    constant_ = alpha * (a.squaredNorm() / static_cast<double>(a.size()) +
                         b.squaredNorm() / static_cast<double>(b.size()));
  }

  // Conditional gradient from `plan`, at most so many steps.
  Matrix Descend(Matrix plan, int steps) const {
    Matrix coupled = Coupled(plan);
    double value = constant_ + (linear_ - alpha_ * coupled).cwiseProduct(plan).sum();
    for (int step = 0; step < steps; ++step) {
      const Matrix gradient = linear_ - 2 * alpha_ * coupled;
      const Matrix vertex = OptimalTransport(gradient).plan;
      const Matrix coupled_vertex = Coupled(vertex);
      const Matrix direction = vertex - plan;
      const double slope = gradient.cwiseProduct(direction).sum();
      const double curvature = -alpha_ * (coupled_vertex - coupled).cwiseProduct(direction).sum();
      // The lowest point of slope t + curvature t² on [0, 1].
      const double t = curvature <= 0 || -slope >= 2 * curvature ? 1 : -slope / (2 * curvature);
      const double gain = -(slope + curvature * t) * t;
      if (slope >= 0 || gain <= kLeastGain * value + kRounding) break;
      value -= gain;
      if (t == 1) {
        plan = vertex;
        coupled = coupled_vertex;
      } else {
        plan += t * direction;
        coupled += t * (coupled_vertex - coupled);
      }
    }
    return plan;
  }

  // Term by term, so that it is at least 0 and exactly 0 for copies.
  double Cost(const Matrix& plan) const {
    std::vector<std::tuple<Eigen::Index, Eigen::Index, double>> moved;
    for (Eigen::Index j = 0; j < plan.cols(); ++j) {
      for (Eigen::Index i = 0; i < plan.rows(); ++i) {
        if (plan(i, j) > 0) moved.emplace_back(i, j, plan(i, j));
      }
    }
    double structure = 0;
    for (const auto& [i, j, mass] : moved) {
      double sum = 0;
      for (const auto& [k, l, other] : moved) {
        const double difference = a_(i, k) - b_(j, l);
        sum += difference * difference * other;
      }
      structure += sum * mass;
    }
    return linear_.cwiseProduct(plan).sum() + alpha_ * structure;
  }

 private:
  // A T Bᵀ + Aᵀ T B. Up to terms that are the same for all plans, the structure's cost is minus its
  // product with T.
  Matrix Coupled(const Matrix& plan) const {
    return (a_ * plan) * b_.transpose() + a_.transpose() * (plan * b_);
  }

  const Matrix& a_;
  const Matrix& b_;
  Matrix linear_;
  double alpha_;
  double constant_;  // the part of the structure's cost that all plans have
};

// Adjacency and features side by side.
auto Adjacency(const Prepared& graph) { return graph.rest.leftCols(graph.extent); }
auto Features(const Prepared& graph) {
  return graph.rest.rightCols(graph.rest.cols() - graph.extent);
}

class GromovWasserstein : public Metric {
 public:
  explicit GromovWasserstein(double alpha) : alpha_(alpha) {}

  absl::StatusOr<Prepared> Prepare(absl::string_view bytes,
                                   absl::string_view source) const override {
    auto archive = base::Archive::Decode(bytes, source);
    if (!archive.ok()) return archive.status();
    auto graph = LoadGraph(*archive, source);
    if (!graph.ok()) return graph.status();
    Prepared out;
    out.extent = graph->adjacency.rows();
    out.rest.resize(out.extent, out.extent + graph->features.cols());
    out.rest << graph->adjacency, graph->features;
    return out;
  }

  // NaN if one has other features than the other.
  double Distance(const Prepared& a, const Prepared& b, const Matrix&) const override {
    if (Features(a).cols() != Features(b).cols()) return std::numeric_limits<double>::quiet_NaN();
    // In one order, so that both give the same bits.
    return StandsBefore(b.rest, a.rest) ? Ordered(b, a) : Ordered(a, b);
  }

  bool EqualExtents() const override { return false; }

 private:
  double Ordered(const Prepared& first, const Prepared& second) const {
    const Eigen::Index n = std::max(first.extent, second.extent);
    const Matrix a = FilledUp(Adjacency(first), n), b = FilledUp(Adjacency(second), n);
    Matrix by_features = Matrix::Zero(n, n);
    by_features.topRows(first.extent).setConstant(kAbsentCost);
    by_features.leftCols(second.extent).setConstant(kAbsentCost);
    by_features.topLeftCorner(first.extent, second.extent) =
        SquaredDistances(Features(first), Features(second));
    const Matrix by_structure = SquaredDistances(Profiles(a), Profiles(b));
    const Problem problem(a, b, by_features, alpha_);
    std::vector<Matrix> starts;
    if (by_features.any()) starts.push_back(OptimalTransport(by_features).plan);
    starts.push_back(OptimalTransport(by_features + by_structure).plan);
    starts.push_back(OptimalTransport(Pairing(a, b, by_features + by_structure).Costs()).plan);
    starts.push_back(Matrix::Identity(n, n) / static_cast<double>(n));
    starts.push_back(Matrix::Constant(n, n, 1.0 / static_cast<double>(n * n)));
    double least = std::numeric_limits<double>::infinity();
    Matrix best;
    for (const Matrix& start : starts) {
      Matrix plan = problem.Descend(start, kFirstSteps);
      const double cost = problem.Cost(plan);
      if (cost >= least) continue;
      least = cost;
      best = std::move(plan);
      if (least == 0) return 0;
    }
    least = std::min(least, problem.Cost(problem.Descend(best, kMaxSteps)));
    return std::sqrt(least);
  }

  double alpha_;
};

}  // namespace

MetricKind GromovWassersteinKind() {
  return {.name = "gromov_wasserstein",
          .input = MetricInput::kFixedPoints,
          // The share of structure against features, as in POT's fused_gromov_wasserstein.
          .options = {{.name = "alpha", .fallback = 0.5, .min = 0, .max = 1}},
          .make = [](const MetricSettings& settings) -> std::unique_ptr<Metric> {
            return std::make_unique<GromovWasserstein>(settings.at("alpha"));
          }};
}

}  // namespace rnnfarm::analysis
