#include "worker/dynamics/fixed_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/dynamics/hand_made.h"
#include "worker/dynamics/newton.h"

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
  EXPECT_GT(found.summary.rejected.at("out of range"), 0);
  for (const FixedPoint& point : found.points) EXPECT_LE(std::abs(point.state.item<double>()), 1);
}

TEST_F(FixedPoints, FindsNoneWhereThereIsNone) {
  rnn::NetworkFile file = Plain(rnn::Activation::kRelu, 1, {1});
  Set(file, "bias_ih_l0", {0.1f});
  const ConditionPoints found = Find(file);
  EXPECT_THAT(found.points, IsEmpty());
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

TEST(SolveNewton, OfTheLstmConvergesQuadratically) {
  const torch::NoGradGuard no_grad;
  rnn::NetworkFile file = Blank(rnn::Architecture::kLstm, rnn::Activation::kTanh, 6);
  base::RandomStream random(base::DeriveStream(4, "", "weights"));
  for (float& p : file.parameters) p = static_cast<float>(random.Normal());
  const TrainedNetwork network = *Load(file);
  const Tensor input = torch::zeros({1}, torch::kFloat64);
  Tensor starts = torch::empty({64, 12}, torch::kFloat64);
  for (int64_t i = 0; i < starts.numel(); ++i) starts.data_ptr<double>()[i] = random.Normal();
  const Solved found = SolveNewton(network, input, starts, {1e-20, 100, 1});
  const Tensor rest = found.states.index({found.q < 1e-20});
  ASSERT_GT(rest.size(0), 20);
  EXPECT_TRUE(torch::allclose(Advance(network, input, rest), rest, 0, 1e-9));
  // From 1e-4 beside a point three exact Newton steps reach rounding; a wrong block would not.
  const Solved again = SolveNewton(network, input, rest + 1e-4, {1e-20, 3, 1});
  EXPECT_LT(again.q.max().item<double>(), 1e-20);
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
