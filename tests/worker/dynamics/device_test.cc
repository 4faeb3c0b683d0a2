// Analyses on a CUDA device against the processor's. Skipped, by name, where libtorch has none.
#include <gtest/gtest.h>

#include <cmath>

#include "base/array_file.h"
#include "tests/worker/dynamics/hand_made.h"

namespace rnnfarm::dynamics {
namespace {

std::vector<double> StatesOf(const Report& report) {
  return *base::DecodeNpy(report.states_file, "states")->ToDoubles();
}

std::vector<double> TransitionsOf(const Report& report) {
  const auto archive = base::Archive::Decode(report.fixed_points_file, "fixed points");
  return *(*archive->Find("transitions"))->ToDoubles();
}

class OnADevice : public ::testing::TestWithParam<rnn::Architecture> {
 protected:
  void SetUp() override {
    if (UsableDevices().empty()) GTEST_SKIP() << "libtorch has no CUDA device here";
  }

  static absl::StatusOr<Report> Run(const rnn::NetworkFile& network, task::GraphKind graph,
                                    int device) {
    const ScriptedTask task(1, 1, graph, {{{0.0}, 0}}, 0.5);
    const auto always = [](absl::string_view, double) { return true; };
    return Analyze(network, task, Few(), 7, "network", always, device);
  }
};

TEST_P(OnADevice, FindsWhatTheProcessorFinds) {
  rnn::NetworkFile network = Blank(GetParam(), rnn::Activation::kTanh, 12);
  base::RandomStream random(base::DeriveStream(5, "", "weights"));
  for (float& p : network.parameters) p = static_cast<float>(random.Normal() / 2);
  for (const auto graph :
       {task::GraphKind::kTransition, task::GraphKind::kNearestNeighbourWithinCondition}) {
    const auto expected = Run(network, graph, kProcessor),
               got = Run(network, graph, UsableDevices().front());
    ASSERT_TRUE(expected.ok()) << expected.status();
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->conditions[0].by_index, expected->conditions[0].by_index);
    EXPECT_EQ(got->conditions[0].verdict, expected->conditions[0].verdict);
    const std::vector<double> states = StatesOf(*got), expected_states = StatesOf(*expected);
    ASSERT_EQ(states.size(), expected_states.size());
    for (size_t i = 0; i < states.size(); ++i) ASSERT_NEAR(states[i], expected_states[i], 1e-6);
    if (graph != task::GraphKind::kTransition) continue;
    const std::vector<double> shares = TransitionsOf(*got),
                              expected_shares = TransitionsOf(*expected);
    ASSERT_EQ(shares.size(), expected_shares.size());
    for (size_t i = 0; i < shares.size(); ++i) EXPECT_NEAR(shares[i], expected_shares[i], 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, OnADevice,
                         ::testing::Values(rnn::Architecture::kVanilla, rnn::Architecture::kUgrnn,
                                           rnn::Architecture::kGru, rnn::Architecture::kLstm,
                                           rnn::Architecture::kLeaky),
                         [](const auto& info) { return std::string(rnn::Name(info.param)); });

}  // namespace
}  // namespace rnnfarm::dynamics
