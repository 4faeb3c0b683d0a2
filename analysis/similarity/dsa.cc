// Dynamical similarity analysis (Ostrow, Eisen, Kozachkov and Fiete 2023): the states, embedded
// with their delays and reduced to r whitened coordinates v, move by v_{t+1} = A v_t; networks are
// compared by A, whatever the geometry of their states.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analysis/metric.h"
#include "analysis/similarity/kinds.h"
#include "analysis/similarity/principal_components.h"
#include "analysis/similarity/states_metric.h"
#include "analysis/transport.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

// Singular values below this share of the first are no directions: states are float32.
constexpr double kSmallestSingular = 1e-7;
constexpr double kLeastSquaresTolerance = 1e-10;
// Numbers of one network's embedded states, 1 GiB of them: a few copies are in memory at once.
constexpr int64_t kLargestEmbedding = int64_t{1} << 27;

constexpr int kRandomStarts = 6;
constexpr int kFirstSteps = 20;
constexpr int kFollowed = 3;  // starts that are followed to the end
constexpr int kMaxSteps = 1000;
constexpr double kLeastGain = 1e-12;
constexpr int kMaxPolarSteps = 30;
constexpr double kPolarTolerance = 1e-10;  // the iteration doubles the digits
constexpr double kWorstScale = 1e6;

// Trial after trial; a row is `delays` consecutive steps of all units, the last step first.
Matrix Embedded(const Matrix& x, int64_t trials, int64_t delays) {
  const int64_t steps = x.rows() / trials, rows = steps - delays + 1, units = x.cols();
  Matrix out(trials * rows, delays * units);
  for (int64_t trial = 0; trial < trials; ++trial) {
    for (int64_t delay = 0; delay < delays; ++delay) {
      out.block(trial * rows, delay * units, rows, units) =
          x.middleRows(trial * steps + delays - 1 - delay, rows);
    }
  }
  return out;
}

// At most `rank` left singular vectors, of the largest singular values first.
Matrix LeftVectors(const Matrix& x, int rank) {
  const LeadingComponents leading = LeadingByCount(x, rank);
  return leading.u.leftCols((leading.s.array() > kSmallestSingular * leading.s[0]).count());
}

// A (r x r) with v_{t+1} ≈ A v_t within trials, of least squares and least norm. v: trials x rows
// by r.
Matrix Dynamics(const Matrix& v, int64_t trials) {
  const int64_t rows = v.rows() / trials, moves = rows - 1;
  Matrix before(trials * moves, v.cols()), after(trials * moves, v.cols());
  for (int64_t trial = 0; trial < trials; ++trial) {
    before.middleRows(trial * moves, moves) = v.middleRows(trial * rows, moves);
    after.middleRows(trial * moves, moves) = v.middleRows(trial * rows + 1, moves);
  }
  Eigen::CompleteOrthogonalDecomposition<Matrix> decomposition;
  decomposition.setThreshold(kLeastSquaresTolerance);
  decomposition.compute(before);
  return decomposition.solve(after).transpose();
}

// Real and imaginary parts, 2 x r.
Matrix Eigenvalues(const Matrix& a) {
  const Eigen::VectorXcd values = a.eigenvalues();
  Matrix out(2, values.size());
  out.row(0) = values.real().transpose();
  out.row(1) = values.imag().transpose();
  return out;
}

// The Wasserstein distance of order 2 of two sets of points, 2 x r each.
double CloudDistance(const Matrix& a, const Matrix& b) {
  Matrix cost(a.cols(), b.cols());
  for (Eigen::Index j = 0; j < b.cols(); ++j) {
    cost.col(j) = (a.colwise() - b.col(j)).colwise().squaredNorm().transpose();
  }
  return std::sqrt(std::max(0.0, OptimalTransport(cost).cost));
}

// Signs d that make dᵀ M d large: along the heaviest edges of |M|, so that all agree if any signs
// do, then by single changes while one helps.
Vector Signs(const Matrix& m) {
  const Eigen::Index n = m.rows();
  const Matrix sum = m + m.transpose();
  Vector signs = Vector::Zero(n), nearest = sum.col(0);
  signs[0] = 1;
  for (Eigen::Index count = 1; count < n; ++count) {
    Eigen::Index next = -1;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (signs[i] != 0) continue;
      if (next < 0 || std::abs(nearest[i]) > std::abs(nearest[next])) next = i;
    }
    signs[next] = nearest[next] < 0 ? -1 : 1;
    for (Eigen::Index i = 0; i < n; ++i) {
      const double edge = sum(i, next) * signs[next];
      if (std::abs(edge) > std::abs(nearest[i])) nearest[i] = edge;
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (Eigen::Index i = 0; i < n; ++i) {
      const double others = sum.row(i).dot(signs) - sum(i, i) * signs[i];
      if (signs[i] * others >= -1e-12) continue;
      signs[i] = -signs[i];
      changed = true;
    }
  }
  return signs;
}

Matrix PolarBySvd(const Matrix& m) {
  const Eigen::JacobiSVD<Matrix> svd(m, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return svd.matrixU() * svd.matrixV().transpose();
}

// The orthogonal matrix nearest to `m`: Newton's iteration, scaled (Higham 1986), several times
// faster than an SVD.
Matrix Polar(const Matrix& m) {
  Matrix x = m;
  for (int step = 0; step < kMaxPolarSteps; ++step) {
    const Matrix inverse = x.inverse();
    const double scale = std::sqrt(inverse.norm() / x.norm());
    if (!(scale > 0 && scale < kWorstScale)) break;  // nearly singular
    Matrix next = (scale * x + inverse.transpose() / scale) / 2;
    const double change = (next - x).norm();
    x = std::move(next);
    if (change < kPolarTolerance) return x;
  }
  return PolarBySvd(m);
}

// The largest tr(Aᵀ C B Cᵀ) over orthogonal C, for A and B of Frobenius norm 1.
class Alignment {
 public:
  Alignment(const Matrix& a, const Matrix& b)
      : a_(a), b_(b), safe_shift_(2 * a.operatorNorm() * b.operatorNorm()) {}

  // The C of the largest value that was found.
  Matrix Best() const {
    std::vector<State> states;
    for (Matrix& start : Starts()) states.push_back(Climb(At(std::move(start)), kFirstSteps));
    std::stable_sort(states.begin(), states.end(),
                     [](const State& s, const State& t) { return s.value > t.value; });
    const State* best = nullptr;
    for (int i = 0; i < kFollowed; ++i) {
      states[i] = Climb(std::move(states[i]), kMaxSteps);
      if (best == nullptr || states[i].value > best->value) best = &states[i];
    }
    return best->c;
  }

 private:
  struct State {
    Matrix c;
    double value;
    Matrix last;  // the last step
    double shift = 0;
    bool done = false;
  };

  State At(Matrix c) const {
    const double value = a_.cwiseProduct(c * b_ * c.transpose()).sum();
    Matrix last = Matrix::Zero(c.rows(), c.cols());
    return {std::move(c), value, std::move(last)};
  }

  // C <- polar(A E Bᵀ + Aᵀ E B + µ E), E ahead of C in the direction of the last step. Without the
  // lead it is never downhill once µ makes the value convex, and faster with a smaller µ. So the
  // lead is dropped where the value falls, and then µ is raised.
  State Climb(State state, int steps) const {
    int led = 0;  // steps since the lead was dropped
    for (int step = 0; step < steps && !state.done; ++step) {
      const Matrix ahead = state.c + led / (led + 3.0) * state.last;
      const Matrix gradient = a_ * ahead * b_.transpose() + a_.transpose() * ahead * b_;
      State next = At(Polar(gradient + state.shift * ahead));
      const double gain = next.value - state.value;
      if (gain < 0 && led > 0) {
        led = 0;
        continue;
      }
      if (gain < 0 && state.shift < safe_shift_) {
        state.shift = std::min(safe_shift_, std::max(2 * state.shift, safe_shift_ / 16));
        continue;
      }
      state.done = gain <= kLeastGain * std::max(1 - next.value, kLeastGain);
      if (gain <= 0) break;
      ++led;
      state.last = next.c - state.c;
      state.c = std::move(next.c);
      state.value = next.value;
    }
    return state;
  }

  // U_a D U_bᵀ with the signs D that bring what U_a and U_b do not diagonalise together.
  Matrix Signed(const Matrix& u_a, const Matrix& u_b) const {
    const Matrix agreement = (u_a.transpose() * a_ * u_a).cwiseProduct(u_b.transpose() * b_ * u_b);
    return u_a * Signs(agreement).asDiagonal() * u_b.transpose();
  }

  std::vector<Matrix> Starts() const {
    const Eigen::Index n = a_.rows();
    std::vector<Matrix> out{Matrix::Identity(n, n)};
    const Eigen::SelfAdjointEigenSolver<Matrix> symmetric_a((a_ + a_.transpose()) / 2);
    const Eigen::SelfAdjointEigenSolver<Matrix> symmetric_b((b_ + b_.transpose()) / 2);
    out.push_back(Signed(symmetric_a.eigenvectors(), symmetric_b.eigenvectors()));
    const Eigen::JacobiSVD<Matrix> svd_a(a_, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const Eigen::JacobiSVD<Matrix> svd_b(b_, Eigen::ComputeFullU | Eigen::ComputeFullV);
    out.push_back(Signed(svd_a.matrixU(), svd_b.matrixU()));
    out.push_back(Signed(svd_a.matrixV(), svd_b.matrixV()));
    base::RandomStream stream(base::DeriveStream(0, "dsa", "starts"));
    for (int i = 0; i < kRandomStarts; ++i) {
      Matrix c = Polar(Matrix::NullaryExpr(n, n, [&] { return stream.Normal(); }));
      // Half of them with either determinant: no path leads from one to the other.
      if ((c.determinant() < 0) != (i % 2 == 1)) c.col(0) *= -1;
      out.push_back(std::move(c));
    }
    return out;
  }

  const Matrix& a_;
  const Matrix& b_;
  double safe_shift_;  // at least minus the smallest eigenvalue of the value's second derivative
};

Matrix PaddedTo(const Matrix& a, Eigen::Index size) {
  Matrix out = Matrix::Zero(size, size);
  out.topLeftCorner(a.rows(), a.cols()) = a;
  return out;
}

// The smallest angle between A and C B Cᵀ.
double AngularDistance(const Matrix& first, const Matrix& second) {
  const Eigen::Index size = std::max(first.rows(), second.rows());
  Matrix a = PaddedTo(first, size), b = PaddedTo(second, size);
  const double norm_a = a.norm(), norm_b = b.norm();
  if (norm_a == 0 || norm_b == 0) return norm_a == norm_b ? 0 : std::numbers::pi / 2;
  a /= norm_a;
  b /= norm_b;
  const Matrix c = Alignment(a, b).Best();
  // By the chord: arccos has lost half of the digits near 0.
  const double chord = (a - c * b * c.transpose()).norm();
  return 2 * std::asin(std::min(1.0, chord / 2));
}

class Dsa : public StatesMetric {
 public:
  Dsa(int rank, int delays, bool orthogonal)
      : rank_(rank), delays_(delays), orthogonal_(orthogonal) {}

  double Distance(const Prepared& a, const Prepared& b, const Matrix&) const override {
    if (a.rest.size() == b.rest.size() && a.rest == b.rest) return 0;
    // In one order, so that both give the same bits.
    const auto& [first, second] =
        StandsBefore(b.rest, a.rest) ? std::tie(b.rest, a.rest) : std::tie(a.rest, b.rest);
    return orthogonal_ ? AngularDistance(first, second) : CloudDistance(first, second);
  }

  // Systems that were seen for different times can be compared.
  bool EqualExtents() const override { return false; }

 protected:
  // rest: A (r x r), or its eigenvalues (2 x r).
  absl::StatusOr<Prepared> PrepareStates(const Representation& states) const override {
    const int64_t steps = states.x.rows() / states.trials;
    if (steps <= delays_) {
      return absl::InvalidArgumentError(absl::StrCat(
          "trials of ", steps, " steps are too short for ", delays_, " delays: ", delays_ + 1,
          " steps are needed; record longer trials or set delays: ",
          std::max<int64_t>(1, steps - 1)));
    }
    const int64_t embedded = states.trials * (steps - delays_ + 1) * delays_ * states.x.cols();
    if (embedded > kLargestEmbedding) {
      return absl::InvalidArgumentError(absl::StrCat(
          "states embedded with ", delays_, " delays are ", embedded, " numbers, at most ",
          kLargestEmbedding, " are taken; set delays to a smaller number"));
    }
    Matrix x = Centred(states.x);
    x /= x.cwiseAbs().maxCoeff();
    const Matrix v = LeftVectors(Embedded(x, states.trials, delays_), rank_);
    const Matrix a = Dynamics(v, states.trials);
    Prepared out;
    out.rest = orthogonal_ ? a : Eigenvalues(a);
    return out;
  }

 private:
  int rank_, delays_;
  bool orthogonal_;
};

}  // namespace

MetricKind DsaKind() {
  return {.name = "dsa",
          .input = MetricInput::kStates,
          .options = {{.name = "rank", .fallback = 10, .min = 1, .max = 256, .whole = true},
                      {.name = "delays", .fallback = 5, .min = 1, .max = 1000, .whole = true},
                      {.name = "orthogonal", .fallback = 0, .min = 0, .max = 1, .whole = true}},
          .make = [](const MetricSettings& settings) -> std::unique_ptr<Metric> {
            return std::make_unique<Dsa>(static_cast<int>(settings.at("rank")),
                                         static_cast<int>(settings.at("delays")),
                                         settings.at("orthogonal") == 1);
          }};
}

}  // namespace rnnfarm::analysis
