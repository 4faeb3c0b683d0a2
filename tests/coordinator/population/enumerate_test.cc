#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/array_file.h"
#include "coordinator/population/population.h"
#include "coordinator/population/preview.h"
#include "gmock/gmock.h"
#include "tests/coordinator/population/sweep_text.h"

namespace rnnfarm::population {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Keys(const Population& population) {
  std::vector<std::string> keys;
  for (const v1::Network& network : population.networks) keys.push_back(network.key());
  return keys;
}

v1::SweepSpec With(const char* base, const char* merge) {
  v1::SweepSpec spec = ParseSweep(base);
  spec.MergeFrom(ParseSweep(merge));
  return WithDefaults(spec);
}

TEST(Enumerate, ThePapersSweepHas8640Networks) {
  const v1::SweepSpec paper = With(kPaperSweep, "");
  const Population population = Enumerate(paper);
  EXPECT_EQ(population.networks.size(), 8640);
  EXPECT_EQ(population.configurations.size(), 288);
  EXPECT_EQ(CountNetworks(paper), 8640);
  const std::vector<std::string> keys = Keys(population);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 8640);
  EXPECT_EQ(keys.front(), "flipflop-vanilla-relu-64-l2_1e-05-s0");
  EXPECT_EQ(keys.back(), "cdi-lstm-tanh-256-l2_0.01-s29");
  EXPECT_TRUE(population.excluded.empty());
}

TEST(Enumerate, TheExclusionLeaves8280) {
  const v1::SweepSpec paper = With(
      kPaperSweep, "exclude { task: 'sine' architecture: 'lstm' activation: 'relu' reason: 'R' }");
  const Population population = Enumerate(paper);
  EXPECT_EQ(population.networks.size(), 8280);
  EXPECT_EQ(CountNetworks(paper), 8280);
  ASSERT_EQ(population.excluded.size(), 1);
  EXPECT_EQ(population.excluded[0].networks(), 360);
  EXPECT_EQ(population.excluded[0].reason(), "R");
}

TEST(Enumerate, UntrainedControlsDoubleThePopulation) {
  const v1::SweepSpec spec = With(kSmallSweep, "training { keep_untrained: true }");
  const Population population = Enumerate(spec);
  EXPECT_EQ(CountNetworks(spec), 4);
  EXPECT_THAT(Keys(population), ElementsAre("flipflop-gru-tanh-16-l2_1e-05-s0",
                                            "flipflop-gru-tanh-16-l2_1e-05-s0-untrained",
                                            "flipflop-gru-tanh-16-l2_1e-05-s1",
                                            "flipflop-gru-tanh-16-l2_1e-05-s1-untrained"));
  EXPECT_EQ(population.networks[0].state(), v1::NETWORK_STATE_PENDING);
  EXPECT_EQ(population.networks[1].state(), v1::NETWORK_STATE_TRAINED);
}

TEST(Enumerate, AxesAreNamedInKeysByField) {
  const v1::SweepSpec spec = With(kSmallSweep,
                                  "grid { axis { field: 'noise' value: [0, 0.1] } "
                                  "axis { field: 'batch_size' value: [32] } } seeds { count: 1 }");
  EXPECT_THAT(Keys(Enumerate(spec)),
              ElementsAre("flipflop-gru-tanh-16-l2_1e-05-batch_size_32-noise_0-s0",
                          "flipflop-gru-tanh-16-l2_1e-05-batch_size_32-noise_0.1-s0"));
}

TEST(Enumerate, KeysDoNotDependOnPosition) {
  const Population small = Enumerate(With(kSmallSweep, ""));
  const Population larger = Enumerate(
      With(kSmallSweep, "grid { architecture: 'lstm' units: 8 l2: 0 } seeds { count: 3 }"));
  const std::vector<std::string> keys = Keys(larger);
  for (const std::string& key : Keys(small)) EXPECT_THAT(keys, testing::Contains(key));
}

TEST(Enumerate, TheFirstKnownHyperparametersThatMatchWin) {
  const v1::SweepSpec spec = With(kSmallSweep, R"(
      grid { architecture: "lstm" units: 32 }
      hyperparameters { architecture: "gru" units: 16
                        learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
      hyperparameters { architecture: "gru"
                        learning_rate: 0.2 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 })");
  std::map<std::string, double> rates;
  for (const v1::Configuration& each : Enumerate(spec).configurations) {
    rates[each.key()] = each.chosen() ? each.hyperparameters().learning_rate() : -1;
  }
  EXPECT_EQ(rates, (std::map<std::string, double>{{"flipflop-gru-tanh-16-l2_1e-05", 0.1},
                                                  {"flipflop-gru-tanh-32-l2_1e-05", 0.2},
                                                  {"flipflop-lstm-tanh-16-l2_1e-05", -1},
                                                  {"flipflop-lstm-tanh-32-l2_1e-05", -1}}));
}

TEST(WithDefaults, WritesEveryDefaultOutAndIsIdempotent) {
  const v1::SweepSpec resolved = With(kSmallSweep, "");
  EXPECT_EQ(resolved.task(0).flip_flop().bits(), 3);
  EXPECT_TRUE(resolved.task(0).flip_flop().initial_pulse());
  EXPECT_EQ(resolved.training().iterations(), 20000);
  EXPECT_EQ(resolved.training().decay_steps(), 20000);
  EXPECT_TRUE(resolved.training().has_keep_untrained());
  EXPECT_EQ(resolved.search().trials_per_config(), 32);
  EXPECT_EQ(resolved.search().rungs(), 4);
  EXPECT_EQ(resolved.search().learning_rate().min(), 1e-5);
  EXPECT_TRUE(resolved.search().clip_norm().log());
  EXPECT_EQ(resolved.cell().gate_bias(), 1);
  EXPECT_EQ(resolved.limits().job_timeout(), "24h");
  ASSERT_EQ(resolved.analysis().metric_size(), 4);
  EXPECT_EQ(MetricName(resolved.analysis().metric(3)), "fixed_point_graph");
  EXPECT_EQ(resolved.analysis().metric(3).fixed_point_graph().runs(), 100);
  EXPECT_EQ(resolved.analysis().fixed_points().tolerance(), 1e-20);
  EXPECT_EQ(SpecDigest(WithDefaults(resolved)), SpecDigest(resolved));
  EXPECT_EQ(SpecDigest(resolved).size(), 64);
  EXPECT_NE(SpecDigest(With(kSmallSweep, "base_seed: 8")), SpecDigest(resolved));
}

TEST(Scheduling, IsNoPartOfTheDigestAndHasNoDefaultsWrittenOut) {
  const v1::SweepSpec resolved = With(kSmallSweep, "scheduling { priority: 3 }");
  EXPECT_EQ(resolved.scheduling().ShortDebugString(), "priority: 3");
  EXPECT_EQ(SpecDigest(resolved), SpecDigest(With(kSmallSweep, "")));
  EXPECT_FALSE(With(kSmallSweep, "").has_scheduling());
}

TEST(Precision, LeavesTheDigestAloneUnlessItIsAnother) {
  const v1::SweepSpec unsaid = With(kSmallSweep, "");
  const v1::SweepSpec said = With(kSmallSweep, "training { precision: 'fp32' }");
  const v1::SweepSpec other =
      With(kSmallSweep, "training { precision: 'tf32' } scheduling { device: 'cuda' }");
  EXPECT_EQ(unsaid.training().precision(), "");
  EXPECT_EQ(SpecDigest(said), SpecDigest(unsaid));
  EXPECT_EQ(other.training().precision(), "tf32");
  EXPECT_NE(SpecDigest(other), SpecDigest(unsaid));
  EXPECT_EQ(Keys(Enumerate(other)), Keys(Enumerate(unsaid)));
}

TEST(Precision, TravelsWithTheJob) {
  const v1::SweepSpec spec =
      With(kSmallSweep, "training { precision: 'bf16' } scheduling { device: 'cuda' }");
  const Population population = Enumerate(spec);
  v1::Job job;
  job.set_kind(v1::JOB_KIND_TRAIN);
  job.set_task("flipflop");
  const v1::JobSpec made =
      MakeJobSpec(spec, population.configurations[0], &population.networks[0], job);
  EXPECT_EQ(made.training().precision(), "bf16");
}

TEST(Extent, CountsOperationsByTheFormula) {
  const v1::SweepSpec spec = With(kSmallSweep, R"(
      training { iterations: 800 batch_size: 10 } search { rungs: 4 }
      grid { axis { field: "iterations" value: 1600 } })");
  const v1::Configuration configuration = Enumerate(spec).configurations[0];
  const double iteration = 10.0 * 100 * 3 * 16 * 16;
  const JobExtent train = ExtentOf(spec, configuration, v1::JOB_KIND_TRAIN, 0);
  EXPECT_EQ(train.last_iteration, 1600) << "the axis holds";
  EXPECT_EQ(train.operations, 1600 * iteration);
  const JobExtent rung = ExtentOf(spec, configuration, v1::JOB_KIND_SEARCH, 2);
  EXPECT_EQ(rung.first_iteration, 400);
  EXPECT_EQ(rung.last_iteration, 800);
  EXPECT_EQ(rung.operations, 400 * iteration);
  EXPECT_EQ(ExtentOf(spec, configuration, v1::JOB_KIND_ANALYZE, 0).operations, iteration);
  EXPECT_EQ(ExtentOf(spec, configuration, v1::JOB_KIND_COMPARE, 0).operations, 0);
}

TEST(Search, DrawsDependOnKeyAndDrawAloneAndStayInRange) {
  const v1::SweepSpec spec = With(kSmallSweep, "");
  double sum_log_rate = 0;
  constexpr int kDraws = 2000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const v1::Hyperparameters drawn = DrawHyperparameters(spec, "key", draw);
    EXPECT_GE(drawn.learning_rate(), 1e-5);
    EXPECT_LE(drawn.learning_rate(), 1e-1);
    EXPECT_GE(drawn.lr_decay(), 0.1);
    EXPECT_LE(drawn.lr_decay(), 0.9);
    EXPECT_GE(drawn.momentum(), 0);
    EXPECT_LE(drawn.momentum(), 1);
    EXPECT_GE(drawn.clip_norm(), 0.1);
    EXPECT_LE(drawn.clip_norm(), 10);
    sum_log_rate += std::log10(drawn.learning_rate());
  }
  // Uniform on the logarithmic scale: mean -3, s.d. of the mean 4 / sqrt(12 * 2000) = 0.026.
  EXPECT_NEAR(sum_log_rate / kDraws, -3, 0.13);
  EXPECT_EQ(DrawHyperparameters(spec, "key", 3).SerializeAsString(),
            DrawHyperparameters(spec, "key", 3).SerializeAsString());
  EXPECT_NE(DrawHyperparameters(spec, "key", 3).learning_rate(),
            DrawHyperparameters(spec, "other", 3).learning_rate());
}

TEST(Search, RungsDoubleAndDrawsHalve) {
  const v1::SweepSpec spec = With(kSmallSweep, "");
  EXPECT_EQ(RungIterations(spec, 0), 2500);
  EXPECT_EQ(RungIterations(spec, 1), 5000);
  EXPECT_EQ(RungIterations(spec, 3), 20000);
  EXPECT_EQ(NextRungSize(32), 16);
  EXPECT_EQ(NextRungSize(3), 1);
  EXPECT_EQ(NextRungSize(1), 1);
}

TEST(MakeJobSpec, AppliesAxesAndClampsTheCurriculum) {
  const v1::SweepSpec spec = With(kSmallSweep, R"(
      task { name: "sine" sine_wave {} }
      grid { axis { field: "iterations" value: 400 } axis { field: "gate_bias" value: 0.5 } }
      training { curriculum { steps: 200 share: 0.5 } curriculum { steps: 500 share: 0.5 } })");
  const Population population = Enumerate(spec);
  v1::Job job;
  job.set_kind(v1::JOB_KIND_TRAIN);
  job.set_task("flipflop");
  const v1::JobSpec made =
      MakeJobSpec(spec, population.configurations[0], &population.networks[1], job);
  EXPECT_EQ(made.stream_key(), population.networks[1].key());
  EXPECT_EQ(made.until_iteration(), 400);
  EXPECT_EQ(made.training().iterations(), 400);
  EXPECT_EQ(made.training().decay_steps(), 400);
  EXPECT_EQ(made.training().curriculum(0).steps(), 100);
  EXPECT_EQ(made.cell().gate_bias(), 0.5);
  EXPECT_EQ(made.task().name(), "flipflop");
  EXPECT_EQ(made.timeout().seconds(), 24 * 3600);
  EXPECT_EQ(made.resume_from(), "");
  job.add_checkpoints()->set_digest("a");
  job.add_checkpoints()->set_digest("b");
  EXPECT_EQ(
      MakeJobSpec(spec, population.configurations[0], &population.networks[1], job).resume_from(),
      "b");
}

TEST(MakeJobSpec, KeepsTheStagesOfTheTaskAlone) {
  const v1::SweepSpec spec = With(kSmallSweep, R"(
      task { name: "sine" sine_wave {} }
      task { name: "cdi" context_integration {} }
      training {
        curriculum { steps: 40 share: 1 }
        curriculum { steps: 60 share: 0.5 task: "sine" }
        curriculum { steps: 500 share: 0.5 task: "sine" }
      })");
  EXPECT_TRUE(Validate(spec).empty());
  const Population population = Enumerate(spec);
  const auto steps = [&](const char* task) {
    v1::Job job;
    job.set_kind(v1::JOB_KIND_TRAIN);
    job.set_task(task);
    std::vector<int> out;
    const v1::JobSpec made =
        MakeJobSpec(spec, population.configurations[0], &population.networks[0], job);
    for (const v1::CurriculumStage& stage : made.training().curriculum()) {
      out.push_back(stage.steps());
    }
    return out;
  };
  EXPECT_EQ(steps("sine"), (std::vector<int>{60, 500}));
  EXPECT_EQ(steps("flipflop"), std::vector<int>{40});
  EXPECT_EQ(steps("cdi"), std::vector<int>{30});
}

TEST(MakeJobSpec, ASearchStopsAtItsRungAndResumesTheDraw) {
  const v1::SweepSpec spec = With(kSmallSweep, "");
  v1::Configuration configuration = Enumerate(spec).configurations[0];
  configuration.add_trials();
  configuration.add_trials()->set_checkpoint("c");
  v1::Job job;
  job.set_kind(v1::JOB_KIND_SEARCH);
  job.set_task("flipflop");
  job.set_draw(1);
  job.set_rung(2);
  const v1::JobSpec made = MakeJobSpec(spec, configuration, nullptr, job);
  EXPECT_EQ(made.stream_key(), "flipflop-gru-tanh-16-l2_1e-05-d1");
  EXPECT_EQ(made.until_iteration(), 10000);
  EXPECT_EQ(made.training().iterations(), 20000);
  EXPECT_EQ(made.resume_from(), "c");
  EXPECT_EQ(made.hyperparameters().SerializeAsString(),
            DrawHyperparameters(spec, configuration.key(), 1).SerializeAsString());
}

TEST(MakeJobSpec, AnUntrainedControlSharesTheInitialStateOfItsNetwork) {
  const v1::SweepSpec spec = With(kSmallSweep, "training { keep_untrained: true }");
  Population population = Enumerate(spec);
  (*population.networks[0].mutable_artifacts())["network"] = "n";
  v1::Job job;
  job.set_kind(v1::JOB_KIND_ANALYZE);
  job.set_task("flipflop");
  const v1::JobSpec trained =
      MakeJobSpec(spec, population.configurations[0], &population.networks[0], job);
  const v1::JobSpec untrained =
      MakeJobSpec(spec, population.configurations[0], &population.networks[1], job);
  EXPECT_EQ(trained.network_artifact(), "n");
  EXPECT_EQ(untrained.network_artifact(), "");
  EXPECT_TRUE(untrained.untrained());
  EXPECT_EQ(untrained.stream_key(), trained.stream_key());
  EXPECT_EQ(trained.fixed_points().start_noise(), 0.5);
  EXPECT_EQ(trained.fixed_point_graph().runs(), 100);
}

// A sweep of imports alone, as a person writes it.
constexpr char kImports[] = R"(
  name: "brought"
  task { name: "flipflop" flip_flop {} }
  import { path: "nets/mine.npz" architecture: "lstm" activation: "tanh" digest: "d" units: 5 }
  import { path: "nets/mine.npz" name: "biased" architecture: "gru" activation: "relu"
           gate_bias: 1 digest: "e" units: 6 }
)";

TEST(Enumerate, AddsImportsAsNetworksThatAreThere) {
  const Population population = Enumerate(With(kImports, ""));
  ASSERT_EQ(population.networks.size(), 2u);
  const v1::Network& mine = population.networks[0];
  EXPECT_EQ(mine.key(), "flipflop-import-mine");
  EXPECT_EQ(mine.name(), "sweeps/brought/networks/flipflop-import-mine");
  EXPECT_EQ(mine.state(), v1::NETWORK_STATE_TRAINED);
  EXPECT_TRUE(mine.imported());
  EXPECT_EQ(mine.artifacts().at("network"), "d");
  EXPECT_EQ(mine.units(), 5);
  EXPECT_EQ(population.networks[1].key(), "flipflop-import-biased");
  EXPECT_TRUE(population.configurations[0].chosen());
  EXPECT_EQ(CountNetworks(ParseSweep(kImports)), 2);
}

TEST(Enumerate, PutsImportsBehindTheGrid) {
  const v1::SweepSpec spec = With(
      kSmallSweep, "import { path: 'a.npz' architecture: 'gru' activation: 'tanh' digest: 'd' }");
  const Population population = Enumerate(spec);
  ASSERT_EQ(population.networks.size(), 3u);
  EXPECT_EQ(population.networks[2].key(), "flipflop-import-a");
  EXPECT_EQ(CountNetworks(spec), 3);
}

TEST(Enumerate, ARecordingIsNoNetworkOfOurs) {
  const v1::SweepSpec spec =
      With(kImports, "import { path: 'mouse.npy' architecture: 'recording' digest: 'm' units: 7 }");
  const Population population = Enumerate(spec);
  const v1::Network& mouse = population.networks.back();
  EXPECT_EQ(mouse.key(), "flipflop-import-mouse");
  EXPECT_EQ(mouse.architecture(), "recording");
  EXPECT_EQ(mouse.units(), 7);
  EXPECT_EQ(mouse.artifacts().count("network"), 0) << "it is not among the networks' files";
  EXPECT_EQ(ResultPath(mouse, "recording"), "");
  v1::Job job;
  job.set_kind(v1::JOB_KIND_ANALYZE);
  job.set_task(mouse.task());
  const v1::JobSpec made =
      MakeJobSpec(WithDefaults(spec), population.configurations.back(), &mouse, job);
  EXPECT_EQ(made.network_artifact(), "m");
  EXPECT_EQ(made.architecture(), "recording");
}

TEST(ReadImportUnits, ARecordingHasThoseOfItsLastDimension) {
  v1::Import import;
  import.set_path("mouse.npy");
  import.set_architecture("recording");
  const std::vector<double> values(6, 0.5);
  const auto npy = [&](std::vector<int64_t> shape) {
    return base::EncodeNpy(base::Array::Of<double>(std::move(shape), values));
  };
  EXPECT_EQ(*ReadImportUnits(npy({2, 3}), import, 0), 3);
  EXPECT_EQ(*ReadImportUnits(npy({3, 1, 2}), import, 0), 2);
  base::Archive archive;
  archive.Add("states", base::Array::Of<double>({6, 1}, values));
  EXPECT_EQ(*ReadImportUnits(*archive.Encode(), import, 0), 1);
  EXPECT_THAT(ReadImportUnits(npy({6}), import, 0).status().message(),
              HasSubstr("mouse.npy: a recording is trials x time x units or samples x units"));
  const std::vector<double> holes = {1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THAT(ReadImportUnits(base::EncodeNpy(base::Array::Of<double>({2, 1}, holes)), import, 0)
                  .status()
                  .message(),
              HasSubstr("not finite at element 1"));
  const std::vector<double> large = {1, -1e39};
  EXPECT_THAT(ReadImportUnits(base::EncodeNpy(base::Array::Of<double>({2, 1}, large)), import, 0)
                  .status()
                  .message(),
              HasSubstr("beyond float32 at element 1"));
  // Everything that NumPy calls a real number, as recordings are often kept.
  for (const auto& [dtype, bytes] : std::vector<std::pair<const char*, int>>{{"|b1", 1},
                                                                             {"|i1", 1},
                                                                             {"|u1", 1},
                                                                             {"<i2", 2},
                                                                             {"<u2", 2},
                                                                             {"<f2", 2},
                                                                             {"<i4", 4},
                                                                             {"<u4", 4},
                                                                             {"<f4", 4},
                                                                             {"<i8", 8},
                                                                             {"<u8", 8}}) {
    const base::Array array{dtype, {3, 2}, std::string(6 * bytes, '\0')};
    const auto units = ReadImportUnits(base::EncodeNpy(array), import, 0);
    EXPECT_EQ(units.value_or(-1), 2) << dtype << ": " << units.status();
  }
  for (const auto& [dtype, bytes] :
       std::vector<std::pair<const char*, int>>{{"<c8", 8}, {"<c16", 16}, {"<U1", 4}}) {
    const base::Array array{dtype, {3, 2}, std::string(6 * bytes, '\0')};
    EXPECT_THAT(ReadImportUnits(base::EncodeNpy(array), import, 0).status().message(),
                HasSubstr("mouse.npy: expected real numbers"));
  }
  base::Archive other;
  other.Add("rates", base::Array::Of<double>({6, 1}, values));
  EXPECT_THAT(ReadImportUnits(*other.Encode(), import, 0).status().message(), HasSubstr("states"));
}

TEST(Extent, OfARecordingIsNone) {
  const v1::SweepSpec spec = WithDefaults(With(
      kImports, "import { path: 'mouse.npy' architecture: 'recording' digest: 'm' units: 7 }"));
  const Population population = Enumerate(spec);
  const v1::Configuration& mouse = population.configurations.back();
  const v1::Configuration& network = population.configurations.front();
  EXPECT_EQ(ExtentOf(spec, mouse, v1::JOB_KIND_ANALYZE, 0).operations, 0);
  EXPECT_GT(ExtentOf(spec, network, v1::JOB_KIND_ANALYZE, 0).operations, 0);
  EXPECT_FALSE(KnowsOperations(spec, mouse));
  EXPECT_TRUE(KnowsOperations(spec, network));
}

TEST(MakeJobSpec, AnImportBringsItsOwnCell) {
  const v1::SweepSpec spec = With(kImports, "");
  const Population population = Enumerate(spec);
  v1::Job job;
  job.set_kind(v1::JOB_KIND_ANALYZE);
  job.set_task("flipflop");
  for (int i = 0; i < 2; ++i) {
    const v1::JobSpec made =
        MakeJobSpec(spec, population.configurations[i], &population.networks[i], job);
    EXPECT_TRUE(made.imported());
    EXPECT_EQ(made.cell().gate_bias(), i);
    EXPECT_EQ(made.network_artifact(), i == 0 ? "d" : "e");
    EXPECT_EQ(made.units(), 5 + i);
    EXPECT_EQ(made.stream_key(), population.networks[i].key());
  }
}

TEST(ResultPath, PlacesEachRole) {
  const v1::Network network = Enumerate(With(kSmallSweep, "")).networks[0];
  EXPECT_EQ(ResultPath(network, "network"),
            "flipflop/networks/flipflop-gru-tanh-16-l2_1e-05-s0.npz");
  EXPECT_EQ(ResultPath(network, "states"), "flipflop/states/flipflop-gru-tanh-16-l2_1e-05-s0.npy");
  EXPECT_EQ(ResultPath(network, "fixed_points"),
            "flipflop/fixed_points/flipflop-gru-tanh-16-l2_1e-05-s0.npz");
  EXPECT_EQ(ResultPath(network, "checkpoint"), "");
}

TEST(Tasks, HaveTheirChannels) {
  const v1::SweepSpec paper = With(kPaperSweep, "");
  EXPECT_EQ(TaskInputs(paper.task(0)), 3);
  EXPECT_EQ(TaskOutputs(paper.task(0)), 3);
  EXPECT_EQ(TaskInputs(paper.task(1)), 1);
  EXPECT_EQ(TaskInputs(paper.task(2)), 4);
  EXPECT_EQ(TaskOutputs(paper.task(2)), 1);
}

}  // namespace
}  // namespace rnnfarm::population
