#include "coordinator/comparison/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tests/coordinator/comparison/synthetic_networks.h"

namespace rnnfarm::comparison {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::UnorderedElementsAre;
using Files = std::map<std::string, std::string>;
using Json = google::protobuf::Struct;

absl::StatusOr<Files> CompareAll(SyntheticNetworks& synthetic, const v1::Analysis& analysis = {},
                                 int threads = 1) {
  Input input;
  input.task = "flipflop";
  input.networks = synthetic.networks();
  *input.spec.mutable_analysis() = analysis;
  input.pairs.threads = threads;
  return Compare(
      input, [&](const std::string& digest) { return synthetic.Read(digest); },
      [](absl::string_view, double) { return true; });
}

Files MustRun(SyntheticNetworks& synthetic, const v1::Analysis& analysis = {}, int threads = 1) {
  auto files = CompareAll(synthetic, analysis, threads);
  EXPECT_TRUE(files.ok()) << files.status();
  return files.ok() ? *files : Files{};
}

// A parser that is not ours also checks the writer.
Json Parse(const std::string& text) {
  Json json;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(text, &json).ok()) << text;
  return json;
}

Json Statistics(const Files& files) { return Parse(files.at("flipflop/statistics.json")); }

const Json& Metric(const Json& statistics, const std::string& name) {
  return statistics.fields().at("metrics").struct_value().fields().at(name).struct_value();
}

double Number(const Json& json, const std::string& name) {
  return json.fields().at(name).number_value();
}

// Keys and reasons.
Files Excluded(const Json& json) {
  Files out;
  for (const auto& value : json.fields().at("excluded").list_value().values()) {
    const auto& fields = value.struct_value().fields();
    out[fields.at("key").string_value()] = fields.at("reason").string_value();
  }
  return out;
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

SyntheticNetworks Population() {
  SyntheticNetworks synthetic;
  for (const char* architecture : {"vanilla", "gru", "lstm"}) {
    for (int seed = 0; seed < 3; ++seed) synthetic.Add(architecture, seed);
  }
  return synthetic;
}

constexpr char kHeader[] = "row,key,architecture,activation,units,l2,seed,untrained";

TEST(CompareTest, WritesEveryFileAndItsRowsInTheOrderOfTheInput) {
  SyntheticNetworks synthetic = Population();
  const Files files = MustRun(synthetic);
  EXPECT_THAT(files, UnorderedElementsAre(
                         Key("flipflop/distances/index.csv"), Key("flipflop/statistics.json"),
                         Key("flipflop/distances/svcca.npy"), Key("flipflop/embeddings/svcca.csv"),
                         Key("flipflop/distances/cka.npy"), Key("flipflop/embeddings/cka.csv"),
                         Key("flipflop/distances/procrustes.npy"),
                         Key("flipflop/embeddings/procrustes.csv"),
                         Key("flipflop/distances/fixed_point_graph.npy"),
                         Key("flipflop/embeddings/fixed_point_graph.csv")));
  const auto index = Lines(files.at("flipflop/distances/index.csv"));
  ASSERT_EQ(index.size(), 10u);
  EXPECT_EQ(index[0], kHeader);
  EXPECT_EQ(index[1], "0,flipflop-vanilla-tanh-s0,vanilla,tanh,5,1e-05,0,false");
  EXPECT_EQ(index[9], "8,flipflop-lstm-tanh-s2,lstm,tanh,5,1e-05,2,false");
  const auto embedding = Lines(files.at("flipflop/embeddings/cka.csv"));
  ASSERT_EQ(embedding.size(), 10u);
  EXPECT_EQ(embedding[0], "key,x,y");
  EXPECT_THAT(embedding[4], HasSubstr("flipflop-gru-tanh-s0,"));
}

TEST(CompareTest, DistancesAreSymmetricFloat32AndSeparateWhatIsSeparate) {
  SyntheticNetworks synthetic = Population();
  const Files files = MustRun(synthetic);
  for (const char* name : {"svcca", "cka", "procrustes", "fixed_point_graph"}) {
    auto array = base::DecodeNpy(files.at(absl::StrCat("flipflop/distances/", name, ".npy")), name);
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_EQ(array->Describe(), "(9, 9) <f4");
    const auto d = array->As<float>().value();
    for (int i = 0; i < 9; ++i) {
      EXPECT_EQ(d[i * 10], 0);
      for (int j = 0; j < 9; ++j) EXPECT_EQ(d[i * 9 + j], d[j * 9 + i]);
    }
  }
  const Json statistics = Statistics(files);
  const Json& svcca = Metric(statistics, "svcca");
  const Json& architecture =
      svcca.fields().at("labels").struct_value().fields().at("architecture").struct_value();
  EXPECT_EQ(Number(architecture, "groups"), 3);
  EXPECT_GT(Number(architecture, "silhouette"), 0.3);
  EXPECT_EQ(Number(architecture, "neighbour_accuracy"), 1);
  EXPECT_EQ(Number(architecture, "neighbour_chance"), 0.25);
  EXPECT_GT(Number(architecture, "r_squared"), 0.5);
  EXPECT_EQ(Number(svcca, "networks"), 9);
  EXPECT_EQ(Number(svcca, "samples"), 60);
  EXPECT_GT(Number(svcca, "stress1"), 0);
  EXPECT_GT(Number(svcca, "shepard"), 0.5);
  EXPECT_EQ(Number(svcca.fields().at("settings").struct_value(), "variance"), 0.95);
  EXPECT_EQ(Number(Metric(statistics, "fixed_point_graph"), "nodes"), 4);
  const auto& mantel = statistics.fields().at("mantel").list_value();
  ASSERT_EQ(mantel.values_size(), 6);
  EXPECT_GT(Number(mantel.values(0).struct_value(), "correlation"), 0.8);  // svcca and cka
}

TEST(CompareTest, TheSameBytesForAnyNumberOfThreadsAndEveryTime) {
  SyntheticNetworks synthetic = Population();
  const Files one = MustRun(synthetic, {}, 1);
  EXPECT_EQ(one, MustRun(synthetic, {}, 2));
  EXPECT_EQ(one, MustRun(synthetic, {}, 5));
  EXPECT_EQ(one, MustRun(synthetic, {}, 1));
}

TEST(CompareTest, SettingsOfTheSweepAreUsedAndWritten) {
  SyntheticNetworks synthetic = Population();
  v1::Analysis analysis;
  analysis.add_metric()->mutable_svcca()->set_variance(0.5);
  analysis.add_metric()->mutable_cka()->set_debiased(true);
  analysis.mutable_mds()->set_dims(3);
  const Files files = MustRun(synthetic, analysis);
  EXPECT_EQ(files.size(), 6u);
  EXPECT_EQ(Lines(files.at("flipflop/embeddings/svcca.csv"))[0], "key,x,y,x3");
  const Json statistics = Statistics(files);
  EXPECT_EQ(Number(Metric(statistics, "svcca").fields().at("settings").struct_value(), "variance"),
            0.5);
  EXPECT_EQ(Number(Metric(statistics, "cka").fields().at("settings").struct_value(), "debiased"),
            1);
  EXPECT_NE(files.at("flipflop/distances/svcca.npy"),
            MustRun(synthetic).at("flipflop/distances/svcca.npy"));
}

TEST(CompareTest, NetworksApartAreNamedWithTheirReasonAndHaveNoRow) {
  SyntheticNetworks synthetic = Population();
  synthetic.networks()[3].set_included(false);
  synthetic.networks()[3].set_excluded_reason("diverged at iteration 40");
  const Files files = MustRun(synthetic);
  EXPECT_EQ(Lines(files.at("flipflop/distances/index.csv")).size(), 9u);
  EXPECT_EQ(files.count("flipflop/distances/svcca_index.csv"), 0u);
  EXPECT_EQ(Excluded(Statistics(files)),
            (Files{{"flipflop-gru-tanh-s0", "diverged at iteration 40"}}));
}

TEST(CompareTest, StatesThatCannotBeComparedAreLeftOutWithTheReason) {
  SyntheticNetworks synthetic = Population();
  auto& networks = synthetic.networks();
  std::vector<float> values(60 * 5, 1.0f);
  synthetic.SetFile(networks[1], "states",
                    base::EncodeNpy(base::Array::Of<float>({6, 10, 5}, values)));
  values[7] = std::numeric_limits<float>::quiet_NaN();
  synthetic.SetFile(networks[2], "states",
                    base::EncodeNpy(base::Array::Of<float>({6, 10, 5}, values)));
  synthetic.SetFile(networks[4], "states", "no array");
  networks[5].mutable_artifacts()->erase("states");
  synthetic.Add("ugrnn", 9, /*nodes=*/4, /*trials=*/7);
  const Files files = MustRun(synthetic);
  const Json statistics = Statistics(files);
  const Files excluded = Excluded(Metric(statistics, "procrustes"));
  EXPECT_EQ(excluded.size(), 5u);
  EXPECT_THAT(excluded.at(networks[1].key()), HasSubstr("constant"));
  EXPECT_THAT(excluded.at(networks[2].key()), HasSubstr("unit 2 of sample 1 is NaN"));
  EXPECT_THAT(excluded.at(networks[4].key()), HasSubstr("not a NumPy .npy file"));
  EXPECT_THAT(excluded.at(networks[5].key()), HasSubstr("no states"));
  EXPECT_THAT(excluded.at(networks[9].key()), HasSubstr("70 samples, those of most networks 60"));
  EXPECT_THAT(Lines(files.at("flipflop/distances/svcca_index.csv")),
              ElementsAre(kHeader, "0,flipflop-vanilla-tanh-s0,vanilla,tanh,5,1e-05,0,false",
                          "1,flipflop-gru-tanh-s0,gru,tanh,5,1e-05,0,false",
                          "2,flipflop-lstm-tanh-s0,lstm,tanh,5,1e-05,0,false",
                          "3,flipflop-lstm-tanh-s1,lstm,tanh,5,1e-05,1,false",
                          "4,flipflop-lstm-tanh-s2,lstm,tanh,5,1e-05,2,false"));
  // Their graphs are as good as any.
  EXPECT_EQ(Number(Metric(statistics, "fixed_point_graph"), "networks"), 10);
  EXPECT_EQ(files.count("flipflop/distances/fixed_point_graph_index.csv"), 0u);
}

TEST(CompareTest, OnlyGraphsWithTheModalNumberOfNodesAreCompared) {
  SyntheticNetworks synthetic = Population();
  synthetic.Add("ugrnn", 7, 5);
  synthetic.Add("ugrnn", 8, 3);
  v1::Network& empty = synthetic.Add("ugrnn", 9);
  synthetic.SetFile(empty, "fixed_points", base::EncodeNpy(base::Array::Of<float>({1}, {1})));
  const Files files = MustRun(synthetic);
  const Json statistics = Statistics(files);
  const Json& graph = Metric(statistics, "fixed_point_graph");
  EXPECT_EQ(Number(graph, "networks"), 9);
  const Files excluded = Excluded(graph);
  EXPECT_THAT(excluded.at("flipflop-ugrnn-tanh-s7"), HasSubstr("5 nodes"));
  EXPECT_THAT(excluded.at("flipflop-ugrnn-tanh-s8"), HasSubstr("the modal number, 4"));
  EXPECT_THAT(excluded.at("flipflop-ugrnn-tanh-s9"), HasSubstr("not a NumPy .npz"));
  EXPECT_EQ(Lines(files.at("flipflop/distances/fixed_point_graph_index.csv")).size(), 10u);
  EXPECT_EQ(Lines(files.at("flipflop/embeddings/fixed_point_graph.csv")).size(), 10u);
}

TEST(CompareTest, UntrainedNetworksAreComparedButDoNotCountAsTheirArchitecture) {
  SyntheticNetworks synthetic = Population();
  synthetic.Add("gru", 20).set_untrained(true);
  const Files files = MustRun(synthetic);
  EXPECT_THAT(files.at("flipflop/distances/index.csv"),
              HasSubstr("9,flipflop-gru-tanh-s20,gru,tanh,5,1e-05,20,true\n"));
  const Json statistics = Statistics(files);
  EXPECT_EQ(Number(Metric(statistics, "cka"), "networks"), 10);
  EXPECT_EQ(Number(Metric(statistics, "cka"), "labelled_networks"), 9);
}

TEST(CompareTest, TellsWhatADistanceIsWorth) {
  SyntheticNetworks synthetic = Population();
  const Json without = Statistics(MustRun(synthetic));
  EXPECT_TRUE(Metric(without, "cka").fields().at("controls").has_null_value());
  // The control of the network of seed 1, and one of a network that is not there.
  for (int seed : {1, 20}) {
    v1::Network& control = synthetic.Add("lstm", seed, 4, 6, 3);
    control.set_key(absl::StrCat(control.key(), "-untrained"));
    control.set_untrained(true);
  }
  const Files files = MustRun(synthetic);
  const Json statistics = Statistics(files);
  const Json& cka = Metric(statistics, "cka");
  const Json& floor = cka.fields().at("noise_floor").struct_value();
  EXPECT_EQ(floor.fields().at("of").string_value(), "halves of the probe");
  EXPECT_EQ(Number(floor, "networks"), 9);
  EXPECT_EQ(Number(floor, "pairs"), 36);
  EXPECT_GT(Number(floor, "mean"), 0);
  EXPECT_LT(Number(floor, "mean"), Number(floor, "largest"));
  const Json& controls = cka.fields().at("controls").struct_value();
  EXPECT_EQ(Number(controls, "trained"), 9);
  EXPECT_EQ(Number(controls, "untrained"), 2);
  const auto matrix = base::DecodeNpy(files.at("flipflop/distances/cka.npy"), "cka");
  const auto distances = matrix->As<float>().value();  // a view of it
  // Row 7 is the LSTM of seed 1, row 9 its control.
  EXPECT_FLOAT_EQ(Number(controls, "own_control"), distances[7 * 11 + 9]);
  EXPECT_FLOAT_EQ(Number(controls, "within_untrained"), distances[9 * 11 + 10]);
}

TEST(CompareTest, OneTrialHasNoHalvesAndAGraphItsSampling) {
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 3; ++seed) {
    v1::Network& network = synthetic.Add("gru", seed, 2, 1);
    base::Archive archive;
    archive.Add("transitions", base::Array::Of<double>({2, 2}, {0.5, 0.5, 0, 1}));
    synthetic.SetFile(network, "fixed_points", archive.Encode().value());
  }
  const Json statistics = Statistics(MustRun(synthetic));
  EXPECT_TRUE(Metric(statistics, "svcca").fields().at("noise_floor").has_null_value());
  const Json& floor =
      Metric(statistics, "fixed_point_graph").fields().at("noise_floor").struct_value();
  EXPECT_EQ(floor.fields().at("of").string_value(), "samplings of a graph");
  EXPECT_EQ(floor.fields().count("pairs"), 0u);
  // Two shares of 100 runs, each of variance p (1 - p) / 99, twice.
  EXPECT_NEAR(Number(floor, "mean"), std::sqrt(2 * 2 * 0.25 / 99), 1e-12);
  EXPECT_NEAR(Number(floor, "largest"), Number(floor, "mean"), 1e-12);
}

TEST(CompareTest, OneNetworkOrNoneGivesIndexAndStatisticsThatSayWhy) {
  SyntheticNetworks synthetic;
  for (int networks : {0, 1}) {
    if (networks == 1) synthetic.Add("gru", 0);
    const Files files = MustRun(synthetic);
    EXPECT_THAT(files, UnorderedElementsAre(Key("flipflop/distances/index.csv"),
                                            Key("flipflop/statistics.json")));
    EXPECT_EQ(Lines(files.at("flipflop/distances/index.csv")).size(), 1u + networks);
    const Json statistics = Statistics(files);
    EXPECT_THAT(Metric(statistics, "svcca").fields().at("reason").string_value(),
                HasSubstr("at least 2"));
  }
  synthetic.Add("gru", 1);
  const Files files = MustRun(synthetic);
  EXPECT_EQ(files.count("flipflop/embeddings/svcca.csv"), 1u);
}

TEST(CompareTest, AMetricNamedTwiceIsRefused) {
  SyntheticNetworks synthetic = Population();
  v1::Analysis analysis;
  analysis.add_metric()->mutable_svcca();
  analysis.add_metric()->mutable_svcca()->set_variance(0.5);
  EXPECT_TRUE(absl::IsInvalidArgument(CompareAll(synthetic, analysis).status()));
  analysis.clear_metric();
  analysis.add_metric();
  EXPECT_TRUE(absl::IsInvalidArgument(CompareAll(synthetic, analysis).status()));
}

TEST(CompareAheadTest, KeepsWhatTheComparisonThenFinds) {
  const std::string folder = ::testing::TempDir() + "/rnnfarm_compare_ahead";
  const analysis::Scratch scratch(folder);
  scratch.Remove();
  SyntheticNetworks synthetic;
  for (int seed = 0; seed < 2 * analysis::kTileSide; ++seed) synthetic.Add("gru", seed);
  std::vector<v1::Network>& networks = synthetic.networks();
  EXPECT_EQ(CompleteBlocks(networks), 2);
  const v1::Network last = networks.back();
  networks.back().clear_artifacts();
  networks.back().set_included(false);
  EXPECT_EQ(CompleteBlocks(networks), 1);
  networks[0].set_included(false);
  EXPECT_EQ(CompleteBlocks(networks), 0);
  networks[0].set_excluded_reason("diverged");
  EXPECT_EQ(CompleteBlocks(networks), 1);

  Input input;
  input.task = "flipflop";
  input.networks = networks;
  input.pairs.scratch = &scratch;
  const auto read = [&](const std::string& digest) { return synthetic.Read(digest); };
  EXPECT_TRUE(absl::IsCancelled(CompareAhead(input, read, [] { return false; })));
  ASSERT_TRUE(CompareAhead(input, read, [] { return true; }).ok());
  // A tile for each of the four metrics.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder),
                          std::filesystem::directory_iterator()),
            4);
  networks.back() = last;
  input.networks = networks;
  const auto progress = [](absl::string_view, double) { return true; };
  const auto with = Compare(input, read, progress);
  input.pairs.scratch = nullptr;
  const auto without = Compare(input, read, progress);
  ASSERT_TRUE(with.ok() && without.ok()) << with.status() << without.status();
  EXPECT_EQ(*with, *without);
  scratch.Remove();
}

TEST(CompareTest, ProgressRisesToOneAndCancels) {
  SyntheticNetworks synthetic = Population();
  Input input;
  input.task = "flipflop";
  input.networks = synthetic.networks();
  const auto read = [&](const std::string& digest) { return synthetic.Read(digest); };
  std::vector<double> shares;
  ASSERT_TRUE(Compare(input, read, [&](absl::string_view phase, double share) {
                EXPECT_FALSE(phase.empty());
                shares.push_back(share);
                return true;
              }).ok());
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_EQ(shares.back(), 1);
  for (size_t stop = 0; stop < shares.size(); ++stop) {
    size_t calls = 0;
    const auto files =
        Compare(input, read, [&](absl::string_view, double) { return calls++ < stop; });
    EXPECT_TRUE(absl::IsCancelled(files.status())) << stop;
  }
}

}  // namespace
}  // namespace rnnfarm::comparison
