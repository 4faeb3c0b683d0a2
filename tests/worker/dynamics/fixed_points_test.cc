#include "worker/dynamics/fixed_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <set>

#include "tests/worker/dynamics/hand_made.h"
#include "worker/dynamics/newton.h"
#include "worker/dynamics/point_set.h"

namespace rnnfarm::dynamics {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using torch::Tensor;

class FixedPoints : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }

  ConditionPoints Find(const rnn::NetworkFile& file, double noise = 0.5, bool slow = false,
                       Settings settings = Few()) {
    const torch::NoGradGuard no_grad;
    const TrainedNetwork network = *Load(file);
    const ScriptedTask task = AtRest(file.spec.inputs);
    const Trajectories trajectories = RunProbe(network, task.Probe(7));
    settings.start_noise = noise;
    const Search search{network,
                        trajectories,
                        ReachableRange(network.spec, trajectories),
                        settings,
                        base::DeriveStream(7, "network", "fixed points"),
                        1,
                        slow};
    return FindFixedPoints(search, 0, torch::zeros({file.spec.inputs}, torch::kFloat64), {});
  }
};

TEST_F(FixedPoints, FindsTheThreeOfABistableUnit) {
  const ConditionPoints found = Find(Bistable(1));
  ASSERT_EQ(found.points.size(), 3u);
  const double expected[] = {-kBistableState, 0, kBistableState};
  for (int i = 0; i < 3; ++i) {
    const FixedPoint& point = found.points[i];
    EXPECT_NEAR(point.state.item<double>(), expected[i], 1e-9);
    EXPECT_NEAR(point.readout[0], expected[i], 1e-9);
    EXPECT_EQ(point.map.unstable, i == 1 ? 1 : 0);
    EXPECT_NEAR(point.map.spectrum.values[0].real(), 2 * (1 - expected[i] * expected[i]), 1e-9);
    EXPECT_LT(point.q, 1e-20);
    EXPECT_GT(point.hits, 0);
  }
  EXPECT_THAT(found.summary.by_index, ElementsAre(2, 1));
  EXPECT_EQ(found.summary.index_sum, 1);
  EXPECT_TRUE(found.summary.certified);
}

TEST_F(FixedPoints, FindsTheNineOfTwoBistableUnits) {
  const ConditionPoints found = Find(Bistable(2));
  EXPECT_THAT(found.summary.by_index, ElementsAre(4, 4, 1));
  EXPECT_EQ(found.summary.index_sum, 1);
  EXPECT_TRUE(found.summary.certified);
  EXPECT_EQ(found.summary.unique, 9);
  int rejected = 0;
  for (const auto& [reason, count] : found.summary.rejected) rejected += count;
  EXPECT_EQ(found.summary.converged + rejected, found.summary.starts);
  // By rounded readout: the first channel is the slowest.
  EXPECT_NEAR(found.points[0].readout[0], -kBistableState, 1e-9);
  EXPECT_NEAR(found.points[1].readout[1], 0, 1e-9);
  EXPECT_NEAR(found.points[8].readout[1], kBistableState, 1e-9);
}

TEST_F(FixedPoints, RejectsWhatASaturatedGateHoldsOutOfRange) {
  // u = σ(100 (h - 1)): beyond h = 1.4 the gate is 1 and every h is a fixed point of the equations;
  // below 1 the unit is bistable.
  rnn::NetworkFile file = Blank(rnn::Architecture::kGru, rnn::Activation::kTanh, 1);
  Set(file, "weight_hh_l0", {100, 0, 2});
  Set(file, "bias_ih_l0", {-101, 50, 0});
  Set(file, "readout.weight", {1});
  Set(file, "initial_state", {0.9f});
  const ConditionPoints found = Find(file);
  EXPECT_THAT(found.summary.by_index, ElementsAre(2, 1));
  EXPECT_TRUE(found.summary.certified);
  EXPECT_EQ(found.summary.verdict, Verdict::kCertified);
  EXPECT_GT(found.summary.rejected.at("out of range"), 0);
  for (const FixedPoint& point : found.points) EXPECT_LE(std::abs(point.state.item<double>()), 1);
}

TEST_F(FixedPoints, FindsNoneWhereThereIsNone) {
  rnn::NetworkFile file = Plain(rnn::Activation::kRelu, 1, {1});
  Set(file, "bias_ih_l0", {0.1f});
  const ConditionPoints found = Find(file);
  EXPECT_THAT(found.points, IsEmpty());
  EXPECT_EQ(found.summary.verdict, Verdict::kNoFixedPoint);
  EXPECT_THAT(found.summary.by_index, IsEmpty());
  EXPECT_EQ(found.summary.unique, 0);
  EXPECT_FALSE(found.summary.certified);
  EXPECT_EQ(found.summary.rejected.at("not converged"), found.summary.starts);
}

TEST_F(FixedPoints, KeepsSlowPointsAlongALineAttractor) {
  // The first unit leaks 1e-5 a step, the second halves: slow along h_2 = 0, at rest only at 0.
  const ConditionPoints found = Find(Plain(rnn::Activation::kRelu, 2, {0.99999f, 0, 0, 0.5f}),
                                     /*noise=*/0.1, /*slow=*/true);
  EXPECT_THAT(found.summary.by_index, ElementsAre(1));
  double largest = 0;
  int slow = 0;
  for (const FixedPoint& point : found.points) {
    slow += point.slow;
    EXPECT_NEAR(point.state[1].item<double>(), 0, 3e-3);
    EXPECT_LT(point.q, Settings().slow_tolerance);
    largest = std::max(largest, point.readout[0]);
  }
  EXPECT_GT(slow, 20);
  EXPECT_LE(slow, kMaxSlowPoints);
  EXPECT_GT(largest, 0.5);
}

// h' = relu(W h + b) with b = (I - W) 1 rests at 1, where relu is the identity and J = W.
TEST_F(FixedPoints, ReadsAPlantedSpectrumOffALinearMap) {
  const double radius = 0.95, angle = 0.4;
  Tensor planted = torch::zeros({4, 4}, torch::kFloat64);
  planted[0][0] = planted[1][1] = radius * std::cos(angle);
  planted[0][1] = -radius * std::sin(angle);
  planted[1][0] = radius * std::sin(angle);
  planted[2][2] = -0.6;
  planted[3][3] = 0.3;
  const Tensor basis = torch::eye(4, torch::kFloat64) + 0.2 * torch::ones({4, 4}, torch::kFloat64);
  const Tensor w = basis.mm(planted).mm(torch::inverse(basis)).to(torch::kFloat32).contiguous();
  const Tensor b = (1 - w.to(torch::kFloat64).sum(1)).to(torch::kFloat32).contiguous();
  rnn::NetworkFile file =
      Plain(rnn::Activation::kRelu, 4, {w.data_ptr<float>(), w.data_ptr<float>() + w.numel()});
  Set(file, "bias_ih_l0", {b.data_ptr<float>(), b.data_ptr<float>() + b.numel()});
  const ConditionPoints found = Find(file);
  ASSERT_GE(found.points.size(), 1u);
  const auto at_one = [](const FixedPoint& p) { return (p.state - 1).abs().max().item<double>(); };
  const auto point = std::min_element(
      found.points.begin(), found.points.end(),
      [&](const FixedPoint& x, const FixedPoint& y) { return at_one(x) < at_one(y); });
  ASSERT_LT(at_one(*point), 1e-5);
  const std::complex<double> expected[] = {std::polar(radius, angle), std::polar(radius, -angle),
                                           -0.6, 0.3};
  for (int i = 0; i < 4; ++i) {
    EXPECT_LT(std::abs(point->map.spectrum.values[i] - expected[i]), 1e-5) << i;
  }
  EXPECT_NEAR(Frequency(point->map.spectrum.values[0]), angle / (2 * M_PI), 1e-6);
  EXPECT_EQ(found.summary.verdict, Verdict::kNoTheorem);
}

TEST_F(FixedPoints, FindsPointsAllAlongALineAttractor) {
  // relu of the mean of both units: every h_1 = h_2 >= 0 is a fixed point.
  Settings settings = Few();
  settings.rounds = 2;
  const ConditionPoints found = Find(Plain(rnn::Activation::kRelu, 2, {0.5f, 0.5f, 0.5f, 0.5f}),
                                     /*noise=*/0.5, /*slow=*/false, settings);
  EXPECT_GT(found.points.size(), 50u);
  for (const FixedPoint& point : found.points) {
    EXPECT_NEAR(point.state[0].item<double>(), point.state[1].item<double>(), 1e-9);
    EXPECT_LT(point.q, 1e-20);
    if (point.state[0].item<double>() < 1e-6) continue;  // the line's end, where relu bends
    EXPECT_NEAR(std::abs(point.map.spectrum.values[0]), 1, 1e-9);
    EXPECT_LT(std::abs(point.map.spectrum.values[1]), 1e-9);
  }
}

TEST_F(FixedPoints, FindsPointsAllAroundARingAttractor) {
  // W_ij = (2 g / N) cos(θ_i - θ_j): rotations carry fixed points into each other, but for what the
  // units' number breaks, which is beyond rounding here.
  const int n = 48;
  std::vector<float> w;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      w.push_back(static_cast<float>(2 * 1.5 / n * std::cos(2 * M_PI * (i - j) / n)));
    }
  }
  Settings settings = Few();
  settings.rounds = 2;
  const ConditionPoints found =
      Find(Plain(rnn::Activation::kTanh, n, w), /*noise=*/0.5, /*slow=*/false, settings);
  std::set<int> octants;
  double least = 1e9, most = 0;
  int centres = 0;
  for (const FixedPoint& point : found.points) {
    std::complex<double> mode = 0;
    for (int i = 0; i < n; ++i) {
      mode += point.state[i].item<double>() * std::polar(2.0 / n, 2 * M_PI * i / n);
    }
    if (std::abs(mode) < 1e-6) {
      ++centres;
      EXPECT_EQ(point.map.unstable, 2);
      continue;
    }
    least = std::min(least, std::abs(mode));
    most = std::max(most, std::abs(mode));
    octants.insert(static_cast<int>(std::floor((std::arg(mode) + M_PI) / (M_PI / 4))));
    EXPECT_NEAR(std::abs(point.map.spectrum.values[0]), 1, 1e-4);
    EXPECT_LT(std::abs(point.map.spectrum.values[1]), 0.95);
  }
  EXPECT_GE(octants.size(), 8u);
  EXPECT_LT(most - least, 1e-4);
  EXPECT_EQ(centres, 1);
}

// Of weights as large as these, about one draw in four has an LSTM with no point within reach, or
// with some beyond it; the points of this draw all lie within.
TEST_F(FixedPoints, SolvesEveryCellToRest) {
  for (const auto architecture :
       {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn, rnn::Architecture::kGru,
        rnn::Architecture::kLstm, rnn::Architecture::kLeaky}) {
    rnn::NetworkFile file = Blank(architecture, rnn::Activation::kTanh, 6);
    base::RandomStream random(base::DeriveStream(5, "", "weights"));
    for (float& p : file.parameters) p = static_cast<float>(random.Normal());
    const TrainedNetwork network = *Load(file);
    const ConditionPoints found = Find(file);
    ASSERT_GT(found.points.size(), 0u) << rnn::Name(architecture);
    for (const FixedPoint& point : found.points) {
      const Tensor next = Advance(network, point.input, point.state.unsqueeze(0))[0];
      EXPECT_LT((next - point.state).abs().max().item<double>(), 1e-9) << rnn::Name(architecture);
      EXPECT_EQ(point.map.spectrum.values.size(), file.spec.state_size());
    }
    EXPECT_EQ(found.summary.index_sum, 1) << rnn::Name(architecture);
  }
}

using Solver = decltype(&SolveNewton);
class SolveNewtonBy : public ::testing::TestWithParam<Solver> {
 protected:
  // A cell of random weights, and random starts that follow in the same stream.
  void Make(rnn::Architecture architecture, rnn::Activation activation, int units, int starts,
            int seed) {
    rnn::NetworkFile file = Blank(architecture, activation, units);
    base::RandomStream random(base::DeriveStream(seed, "", "weights"));
    for (float& p : file.parameters) p = static_cast<float>(random.Normal());
    network_ = *Load(file);
    starts_ = torch::empty({starts, file.spec.state_size()}, torch::kFloat64);
    for (int64_t i = 0; i < starts_.numel(); ++i) starts_.data_ptr<double>()[i] = random.Normal();
  }

  const torch::NoGradGuard no_grad_;
  TrainedNetwork network_;
  Tensor starts_, input_ = torch::zeros({1}, torch::kFloat64);
};

TEST_P(SolveNewtonBy, OfTheLstmConvergesQuadratically) {
  Make(rnn::Architecture::kLstm, rnn::Activation::kTanh, 6, 64, 4);
  const Solved found = GetParam()(network_, input_, starts_, {1e-20, 100, 1});
  const Tensor rest = found.states.index({found.q < 1e-20});
  ASSERT_GT(rest.size(0), 20);
  EXPECT_TRUE(torch::allclose(Advance(network_, input_, rest), rest, 0, 1e-9));
  // From 1e-4 beside a point three exact Newton steps reach rounding; a wrong block would not.
  const Solved again = GetParam()(network_, input_, rest + 1e-4, {1e-20, 3, 1});
  EXPECT_LT(again.q.max().item<double>(), 1e-20);
}

// A step is taken only where it lowers q, whatever the budget that ends it. Starts by themselves:
// together they round as their number has it, and it changes as some end.
TEST_P(SolveNewtonBy, NeverRaisesQWithMoreMatrices) {
  for (const auto architecture : {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn,
                                  rnn::Architecture::kGru, rnn::Architecture::kLstm}) {
    Make(architecture, rnn::Activation::kRelu, 8, 48, 6);
    for (const Tensor& start : starts_.split(1)) {
      double before = std::numeric_limits<double>::infinity();
      for (int matrices = 1; matrices <= 12; ++matrices) {
        const Solved found = GetParam()(network_, input_, start, {1e-20, matrices, 1});
        const double q = found.q.item<double>();
        EXPECT_LE(q, before) << rnn::Name(architecture) << " " << matrices;
        before = q;
      }
    }
  }
}

TEST_P(SolveNewtonBy, LeavesWhatHasNoImageWhereItWas) {
  Make(rnn::Architecture::kGru, rnn::Activation::kTanh, 3, 4, 8);
  starts_[1].fill_(std::numeric_limits<double>::quiet_NaN());
  starts_[2].fill_(std::numeric_limits<double>::infinity());
  const Solved found = GetParam()(network_, input_, starts_, {1e-20, 100, 1});
  EXPECT_FALSE(torch::isfinite(found.q[1]).item<bool>());
  EXPECT_FALSE(torch::isfinite(found.q[2]).item<bool>());
  EXPECT_TRUE(torch::isfinite(found.q[0]).item<bool>());
  EXPECT_TRUE(torch::isfinite(found.states[3]).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Ways, SolveNewtonBy, ::testing::Values(&SolveNewton, &SolveTogether),
                         [](const auto& info) {
                           return info.param == &SolveNewton ? "OneByOne" : "Together";
                         });

// Not the same walks to the last bit, but the same points: all that are within reach and that many
// starts end on.
TEST_F(SolveNewtonBy, FindsTheSamePointsTogetherAndOneByOne) {
  constexpr int kMany = 10;
  for (const auto architecture :
       {rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn, rnn::Architecture::kGru,
        rnn::Architecture::kLstm, rnn::Architecture::kLeaky}) {
    Make(architecture, rnn::Activation::kTanh, 6, 600, 5);
    std::vector<PointSet> sets;
    for (const Solver solver : {&SolveNewton, &SolveTogether}) {
      PointSet& set = sets.emplace_back(
          torch::full({network_.spec.state_size()}, 30.0, torch::kFloat64), 1e-3, 600);
      set.Add(solver(network_, input_, starts_, {1e-20, 100, 0.5}), 1e-20);
    }
    int compared = 0;
    for (int i = 0; i < 2; ++i) {
      for (const Candidate& point : sets[i].points()) {
        const double reach = rnn::Hidden(network_.spec, point.state).abs().max().item<double>();
        if (point.hits < kMany || reach > 1) continue;
        ++compared;
        EXPECT_TRUE(sets[1 - i].Contains(point.state)) << rnn::Name(architecture);
      }
    }
    EXPECT_GE(compared, 2) << rnn::Name(architecture);
  }
}

TEST(StartsPerRound, SharesThemOutBetweenManyConditions) {
  Settings settings;
  settings.starts = 1024;
  EXPECT_EQ(StartsPerRound(settings, 1), 1024);
  EXPECT_EQ(StartsPerRound(settings, 2), 1024);
  EXPECT_EQ(StartsPerRound(settings, 8), 128);
  EXPECT_EQ(StartsPerRound(settings, 51), 32);
}

}  // namespace
}  // namespace rnnfarm::dynamics
