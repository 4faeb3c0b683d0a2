#include "coordinator/comparison/distances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <vector>

#include "tests/coordinator/comparison/synthetic_networks.h"

namespace rnnfarm::comparison {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<MetricDistances> Measure(SyntheticNetworks& synthetic, const ChosenMetric& settings,
                                        int threads, int64_t memory_bytes) {
  return MeasureDistances(settings, synthetic.networks(),
                          [&](const std::string& digest) { return synthetic.Read(digest); },
                          {.threads = threads, .memory_bytes = memory_bytes});
}

class StatesMetric : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Metrics, StatesMetric, ::testing::Values("svcca", "cka", "procrustes"));

TEST_P(StatesMetric, LittleMemoryAndManyThreadsChangeNothing) {
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 11; ++seed) synthetic.Add(seed % 2 ? "gru" : "lstm", seed);
  synthetic.networks()[4].clear_artifacts();
  const auto all = Measure(synthetic, {GetParam(), {}}, 1, analysis::kDefaultMemoryBytes);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(synthetic.reads(), 10);  // each file once when all fit
  EXPECT_THAT(all->rows, ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(all->extent, 60);
  // One network is 60 samples of 5 components: rooms for a few, and for less than one.
  for (int64_t memory_bytes : {int64_t{10'000}, int64_t{1}}) {
    for (int threads : {1, 3}) {
      const auto blocks = Measure(synthetic, {GetParam(), {}}, threads, memory_bytes);
      ASSERT_TRUE(blocks.ok()) << blocks.status();
      EXPECT_EQ(blocks->distances, all->distances);
      EXPECT_EQ(blocks->rows, all->rows);
    }
  }
  EXPECT_GT(all->distances(0, 1), all->distances(0, 2));  // lstm to gru, lstm to lstm
}

TEST(MeasureDistancesTest, ProgressRisesToOneAndCancels) {
  for (const ChosenMetric& settings :
       {ChosenMetric{"svcca", {}}, ChosenMetric{"fixed_point_graph", {}}}) {
    SyntheticNetworks synthetic;
    for (int seed = 0; seed < 6; ++seed) synthetic.Add("gru", seed);
    const auto read = [&](const std::string& digest) { return synthetic.Read(digest); };
    std::vector<double> shares;
    ASSERT_TRUE(MeasureDistances(settings, synthetic.networks(), read,
                                 {.share_done =
                                      [&](double share) {
                                        shares.push_back(share);
                                        return true;
                                      }})
                    .ok());
    EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
    EXPECT_DOUBLE_EQ(shares.back(), 1);
    for (size_t stop = 0; stop < shares.size(); ++stop) {
      size_t calls = 0;
      EXPECT_TRUE(
          absl::IsCancelled(MeasureDistances(settings, synthetic.networks(), read,
                                             {.share_done = [&](double) { return calls++ < stop; }})
                                .status()));
      EXPECT_EQ(calls, stop + 1);
    }
  }
}

TEST(MeasureDistancesTest, AFileThatTheStoreCannotGiveIsAnError) {
  for (const ChosenMetric& settings :
       {ChosenMetric{"cka", {}}, ChosenMetric{"fixed_point_graph", {}}}) {
    SyntheticNetworks synthetic;
    for (int seed = 0; seed < 3; ++seed) synthetic.Add("gru", seed);
    for (const char* role : {"states", "fixed_points"}) {
      (*synthetic.networks()[1].mutable_artifacts())[role] = std::string(64, '0');
    }
    const auto distances = Measure(synthetic, settings, 2, analysis::kDefaultMemoryBytes);
    EXPECT_TRUE(absl::IsNotFound(distances.status())) << distances.status();
    EXPECT_THAT(std::string(distances.status().message()),
                HasSubstr(synthetic.networks()[1].key()));
  }
}

TEST(MeasureDistancesTest, UntrainedNetworksDoNotDecideTheNumberOfNodes) {
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 2; ++seed) synthetic.Add("gru", seed, 27);
  for (int seed = 2; seed < 6; ++seed) synthetic.Add("gru", seed, 1).set_untrained(true);
  auto graphs = Measure(synthetic, {"fixed_point_graph", {}}, 1, analysis::kDefaultMemoryBytes);
  ASSERT_TRUE(graphs.ok()) << graphs.status();
  EXPECT_EQ(graphs->extent, 27);
  EXPECT_THAT(graphs->rows, ElementsAre(0, 1));
  for (v1::Network& network : synthetic.networks()) network.set_untrained(true);
  graphs = Measure(synthetic, {"fixed_point_graph", {}}, 1, analysis::kDefaultMemoryBytes);
  EXPECT_THAT(graphs->rows, ElementsAre(2, 3, 4, 5));
}

TEST(MeasureDistancesTest, NetworksThatAreNotIncludedHaveNoRow) {
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 4; ++seed) synthetic.Add("gru", seed);
  synthetic.networks()[1].set_included(false);
  const auto distances = Measure(synthetic, {"cka", {}}, 1, analysis::kDefaultMemoryBytes);
  ASSERT_TRUE(distances.ok()) << distances.status();
  EXPECT_THAT(distances->rows, ElementsAre(0, 2, 3));
  EXPECT_TRUE(distances->left_out.empty());
}

TEST(MeasureDistancesTest, NetworksWithoutADistanceAreLeftOut) {
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 5; ++seed) synthetic.Add("gru", seed);
  // Its fixed points have features, the others' have none.
  base::Archive archive;
  archive.Add("transitions", base::Array::Of<double>({1, 1}, {1}));
  archive.Add("readout", base::Array::Of<double>({1, 1}, {1}));
  archive.Add("n_unstable", base::Array::Of<int64_t>({1}, {0}));
  archive.Add("eigval_J_xstar", base::Array::Of<std::complex<double>>({1, 1}, {0.5}));
  archive.Add("node_point", base::Array::Of<int64_t>({1}, {0}));
  synthetic.SetFile(synthetic.networks()[1], "fixed_points", archive.Encode().value());
  const auto distances =
      Measure(synthetic, {"gromov_wasserstein", {}}, 1, analysis::kDefaultMemoryBytes);
  ASSERT_TRUE(distances.ok()) << distances.status();
  EXPECT_THAT(distances->rows, ElementsAre(0, 2, 3, 4));
  ASSERT_EQ(distances->left_out.size(), 1u);
  EXPECT_EQ(distances->left_out[0].network, 1);
  EXPECT_THAT(distances->left_out[0].reason, HasSubstr("no distance to 4 of the other"));
  EXPECT_TRUE(distances->distances.allFinite());
}

TEST(PrepareDistancesTest, WhatIsComputedAheadIsNotComputedAgain) {
  const analysis::Scratch scratch(::testing::TempDir() + "/rnnfarm_ahead");
  scratch.Remove();
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 2 * analysis::kTileSide + 3; ++seed) synthetic.Add("gru", seed);
  const auto read = [&](const std::string& digest) { return synthetic.Read(digest); };
  // One of the second block is still being trained.
  v1::Network last = synthetic.networks()[analysis::kTileSide + 1];
  synthetic.networks()[analysis::kTileSide + 1].clear_artifacts();
  synthetic.networks()[analysis::kTileSide + 1].set_included(false);
  const ChosenMetric settings{"svcca", {}};
  const analysis::PairwiseOptions options{.scratch = &scratch};
  ASSERT_TRUE(PrepareDistances(settings, synthetic.networks(), read, options).ok());
  EXPECT_EQ(synthetic.reads(), analysis::kTileSide + 3);
  synthetic.networks()[analysis::kTileSide + 1] = last;
  const auto with = MeasureDistances(settings, synthetic.networks(), read, options);
  const auto without = MeasureDistances(settings, synthetic.networks(), read, {});
  ASSERT_TRUE(with.ok() && without.ok()) << with.status();
  EXPECT_EQ(with->distances, without->distances);
  const int before = synthetic.reads();
  ASSERT_TRUE(MeasureDistances(settings, synthetic.networks(), read, options).ok());
  EXPECT_EQ(synthetic.reads(), before);
}

TEST(MeasureDistancesTest, NothingToCompareIsNoError) {
  SyntheticNetworks synthetic;
  for (const ChosenMetric& settings :
       {ChosenMetric{"cka", {}}, ChosenMetric{"fixed_point_graph", {}}}) {
    const auto none = Measure(synthetic, settings, 2, analysis::kDefaultMemoryBytes);
    ASSERT_TRUE(none.ok()) << none.status();
    EXPECT_TRUE(none->rows.empty());
    EXPECT_EQ(none->distances.size(), 0);
  }
}

}  // namespace
}  // namespace rnnfarm::comparison
