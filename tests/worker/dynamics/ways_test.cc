// The ways between and beyond fixed points, on networks whose ways are known.
#include "worker/dynamics/ways.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/worker/dynamics/hand_made.h"
#include "worker/dynamics/limit_cycle.h"
#include "worker/dynamics/mode_response.h"
#include "worker/dynamics/ways_between.h"

namespace rnnfarm::dynamics {
namespace {

using torch::Tensor;

// Bistable units with inputs that many times stronger.
rnn::NetworkFile PulsedBistable(int units, float input_weight) {
  rnn::NetworkFile file = Bistable(units);
  std::vector<float> weights(units * units, 0.0f);
  for (int i = 0; i < units; ++i) weights[i * units + i] = input_weight;
  Set(file, "weight_ih_l0", weights);
  return file;
}

// All points of h = tanh(2 h) in each unit: states of -1, 0 and 1 times kBistableState.
std::vector<FixedPoint> PointsOf(const TrainedNetwork& network) {
  const int64_t units = network.spec.units;
  std::vector<FixedPoint> points;
  for (int64_t code = 0; code < std::lround(std::pow(3, units)); ++code) {
    FixedPoint point;
    point.state = torch::zeros({units}, torch::kFloat64);
    for (int64_t i = 0, rest = code; i < units; ++i, rest /= 3) {
      point.state[i] = (static_cast<double>(rest % 3) - 1) * kBistableState;
    }
    point.input = torch::zeros({units}, torch::kFloat64);
    point.map = LinearizeAt(network, point.state, point.input);
    points.push_back(point);
  }
  return points;
}

TEST(FollowPulses, LeadToThePointThatThePulseNames) {
  const TrainedNetwork network = *Load(PulsedBistable(2, 4));
  const std::vector<FixedPoint> points = PointsOf(network);
  const PulseTransitions found = FollowPulses(network, points);
  ASSERT_EQ(found.from.size(), 4u);
  ASSERT_EQ(found.pulses.sizes(), (std::vector<int64_t>{4, 2}));
  for (size_t i = 0; i < found.from.size(); ++i) {
    for (int64_t pulse = 0; pulse < 4; ++pulse) {
      const int64_t to = found.to[i * 4 + pulse];
      ASSERT_GE(to, 0);
      // The pulse's sign in its unit, the other one as it was.
      const Tensor given = found.pulses[pulse];
      const Tensor expected = torch::where(given == 0, points[found.from[i]].state, given);
      EXPECT_TRUE(torch::equal(points[to].state.sign(), expected.sign())) << i << " " << pulse;
    }
  }
}

TEST(FollowPulses, ThatAreTooWeakLeadBack) {
  const TrainedNetwork network = *Load(PulsedBistable(1, 0.5));
  const PulseTransitions found = FollowPulses(network, PointsOf(network));
  EXPECT_EQ(found.from, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(found.to, (std::vector<int64_t>{0, 0, 2, 2}));
}

TEST(HeteroclinicOrbits, LeaveEachSaddleBothWays) {
  const TrainedNetwork network = *Load(Bistable(2));
  const std::vector<FixedPoint> points = PointsOf(network);
  const std::vector<Orbit> orbits = HeteroclinicOrbits(network, points);
  // Four saddles with one unstable direction, one with two.
  ASSERT_EQ(orbits.size(), 12u);
  for (const Orbit& orbit : orbits) {
    ASSERT_GE(orbit.to, 0);
    // Along one unit's axis the origin leads to a saddle, whose own orbits lead on.
    EXPECT_EQ(points[orbit.to].map.unstable, points[orbit.from].map.unstable - 1);
    const Tensor begin = points[orbit.from].state, end = points[orbit.to].state;
    EXPECT_NEAR((orbit.samples.front() - begin).norm().item<double>(), kOrbitBegin, 1e-12);
    EXPECT_LT((orbit.samples.back() - end).norm().item<double>(), 1e-4);
    // On its way it comes nearer to where it ends all the time.
    for (size_t i = 1; i < orbit.samples.size(); ++i) {
      EXPECT_LE((orbit.samples[i] - end).norm().item<double>(),
                (orbit.samples[i - 1] - end).norm().item<double>());
    }
  }
}

// h' = tanh(radius R(angle) h): for a radius just above 1 a nearly round cycle that turns by the
// angle each step.
TrainedNetwork Rotor(double radius, double angle) {
  const float c = static_cast<float>(radius * std::cos(angle));
  const float s = static_cast<float>(radius * std::sin(angle));
  return *Load(Plain(rnn::Activation::kTanh, 2, {c, -s, s, c}));
}

LimitCycle CycleOf(const TrainedNetwork& network) {
  // A trial of 60 steps.
  Tensor state = torch::tensor({{0.2, 0.1}}, torch::kFloat64);
  std::vector<Tensor> states;
  for (int t = 0; t < 60; ++t) {
    state = Advance(network, torch::zeros({2}, torch::kFloat64), state);
    states.push_back(state);
  }
  return FindLimitCycles(network, torch::stack(states, 1),
                         torch::zeros({1, 2}, torch::kFloat64))[0];
}

TEST(FindLimitCycles, TellPeriodAmplitudeAndMultiplier) {
  constexpr double kRadius = 1.02, kTurn = 20.4;  // steps
  const LimitCycle cycle = CycleOf(Rotor(kRadius, 2 * M_PI / kTurn));
  EXPECT_NEAR(cycle.period / kTurn, 1, 0.01);
  EXPECT_NEAR(cycle.trained_period / kTurn, 1, 0.03);
  // tanh z = z - z³/3 lowers the modulus by r²/4 on average: r² = 4 (1 - 1/radius).
  EXPECT_NEAR(cycle.amplitude / std::sqrt(4 * (1 - 1 / kRadius)), 1, 0.05);
  // At that radius the map of the modulus has slope 3 - 2 radius.
  EXPECT_NEAR(cycle.multiplier, std::pow(3 - 2 * kRadius, kTurn), 0.03);
}

TEST(FindLimitCycles, FindNoneWhereTheOscillationDies) {
  const LimitCycle cycle = CycleOf(Rotor(0.9, 0.3));
  EXPECT_EQ(cycle.period, 0);
  EXPECT_EQ(cycle.amplitude, 0);
}

TEST(ModeResponse, OfAllModesIsThatOfTheLinearMap) {
  rnn::NetworkFile file = Plain(rnn::Activation::kRelu, 4, std::vector<float>(16, 0.0f));
  std::vector<float> recurrent = {0.5f, 0.2f, 0.0f, 0.1f, -0.3f, 0.6f, 0.1f,  0.0f,
                                  0.1f, 0.0f, 0.7f, 0.4f, 0.0f,  0.1f, -0.4f, 0.7f};
  Set(file, "weight_hh_l0", recurrent);
  const TrainedNetwork network = *Load(file);
  FixedPoint point;
  point.state = torch::ones({4}, torch::kFloat64);
  point.input = torch::full({4}, 10.0, torch::kFloat64);  // all units above 0: the map is linear
  point.map = LinearizeAt(network, point.state, point.input);
  const Tensor response = ModeResponse(network, {point}, {1, 3});
  ASSERT_EQ(response.sizes(), (std::vector<int64_t>{1, 4, 4, 2}));
  const Tensor j = point.map.jacobian;
  // The readout is the identity: the first output is the first unit.
  const Tensor one = j.matmul(point.map.input_gain)[0];
  const Tensor three = j.matmul(j).matmul(j).matmul(point.map.input_gain)[0];
  EXPECT_TRUE(torch::allclose(response[0].select(1, 3).select(1, 0), one, 0, 1e-12));
  EXPECT_TRUE(torch::allclose(response[0].select(1, 3).select(1, 1), three, 0, 1e-12));
}

TEST(ModeResponse, OfAnIntegratorIsOneByItsFirstMode) {
  // Unit 0 keeps what it got; units 1 and 2 forget, the last one at once (λ = 0).
  rnn::NetworkFile file = Plain(rnn::Activation::kRelu, 3, {1, 0, 0, 0, 0.5f, 0, 0, 0, 0});
  const TrainedNetwork network = *Load(file);
  FixedPoint point;
  point.state = torch::ones({3}, torch::kFloat64);
  point.input = torch::ones({3}, torch::kFloat64);
  point.map = LinearizeAt(network, point.state, point.input);
  const Tensor response = ModeResponse(network, {point}, {1, 30})[0];
  EXPECT_TRUE(torch::allclose(response[0], torch::ones({3, 2}, torch::kFloat64), 0, 1e-12));
  EXPECT_TRUE(torch::allclose(response[1], torch::zeros({3, 2}, torch::kFloat64), 0, 1e-12));
}

}  // namespace
}  // namespace rnnfarm::dynamics
