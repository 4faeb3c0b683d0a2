#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "gmock/gmock.h"
#include "tests/coordinator/population/sweep_text.h"

namespace rnnfarm::population {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

v1::SweepSpec Small() { return ParseSweep(kSmallSweep); }

std::string Show(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& each : violations)
    absl::StrAppend(&text, each.field, ": ", each.message, "\n");
  return text;
}

auto Says(const std::string& field, const std::string& message) {
  return AllOf(Field(&Violation::field, field), Field(&Violation::message, HasSubstr(message)));
}

TEST(Validate, AcceptsGoodSweeps) {
  EXPECT_EQ(Show(Validate(Small())), "");
  EXPECT_EQ(Show(Validate(ParseSweep(kPaperSweep))), "");
  // What the farm keeps must be valid again.
  EXPECT_EQ(Show(Validate(WithDefaults(Small()))), "");
  EXPECT_EQ(Show(Validate(WithDefaults(ParseSweep(kPaperSweep)))), "");
}

TEST(Validate, AcceptsTheReadySweeps) {
  int sweeps = 0;
  for (const auto& entry : std::filesystem::directory_iterator("deploy/sweeps")) {
    if (entry.path().extension() != ".textproto") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(Show(Validate(ParseSweep(text.str()))), "") << entry.path();
    ++sweeps;
  }
  EXPECT_GT(sweeps, 0);
}

struct BadInput {
  const char* merge;  // merged into the small sweep
  const char* field;
  const char* message;
};

class ValidateBadInput : public testing::TestWithParam<BadInput> {};

TEST_P(ValidateBadInput, IsNamedWithItsRemedy) {
  v1::SweepSpec spec = Small();
  spec.MergeFrom(ParseSweep(GetParam().merge));
  EXPECT_THAT(Validate(spec), Contains(Says(GetParam().field, GetParam().message)))
      << Show(Validate(spec));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ValidateBadInput,
    testing::Values(
        BadInput{"name: 'Upper Case'", "name", "lower-case letters, digits and dashes"},
        BadInput{"name: '-small'", "name", "a letter or digit at both ends"},
        BadInput{"task { name: 'flipflop' sine_wave {} }", "task[1].name",
                 "duplicate task name \"flipflop\""},
        BadInput{"task { name: '../up' sine_wave {} }", "task[1].name", "name is \"../up\""},
        BadInput{"task { name: 'figures' sine_wave {} }", "task[1].name", "folder of the results"},
        BadInput{"task { name: 'empty' }", "task[1]", "has no kind"},
        BadInput{"task { name: 'b' flip_flop { bits: 0 } }", "task[1].flip_flop.bits",
                 "bits is 0; it must be at least 1 and at most 8"},
        BadInput{"task { name: 'b' flip_flop { flip_probability: 1.5 } }",
                 "task[1].flip_flop.flip_probability", "at most 1"},
        BadInput{"task { name: 's' sine_wave { min_frequency: 0.2 max_frequency: 0.1 } }",
                 "task[1].sine_wave.min_frequency", "at most max_frequency, which is 0.1"},
        BadInput{"task { name: 'd' dataset {} }", "task[1].dataset.path", "path is empty"},
        BadInput{"task { name: 'd' dataset { path: 'a.npz' digest: 'ab' } }",
                 "task[1].dataset.digest", "SHA-256"},
        BadInput{"grid { architecture: 'lstmm' }", "grid.architecture[1]",
                 "unknown architecture \"lstmm\": did you mean lstm? Valid: vanilla, ugrnn, gru, "
                 "lstm, leaky"},
        BadInput{"grid { architecture: 'gru' }", "grid.architecture[1]", "duplicate"},
        BadInput{"grid { activation: 'sigmoid' }", "grid.activation[1]", "Valid: tanh, relu"},
        BadInput{"grid { units: 1 }", "grid.units[1]",
                 "units is 1; it must be at least 2 and at most 1024"},
        BadInput{"grid { units: 1025 }", "grid.units[1]", "at most 1024"},
        BadInput{"grid { units: 16 }", "grid.units[1]", "duplicate value 16"},
        BadInput{"grid { l2: [1, -1e-5] }", "grid.l2[2]", "l2 is -1e-05; it must be at least 0"},
        BadInput{"grid { l2: inf }", "grid.l2[1]", "a finite number"},
        BadInput{"grid { l2: nan }", "grid.l2[1]", "a finite number"},
        BadInput{"grid { l2: 0.00001 }", "grid.l2[1]", "duplicate value 1e-05"},
        BadInput{"grid { axis { field: 'batch_sise' value: 8 } }", "grid.axis[0].field",
                 "did you mean batch_size?"},
        BadInput{"grid { axis { field: 'keep_untrained' value: 1 } }", "grid.axis[0].field",
                 "unknown axis field"},
        BadInput{"grid { axis { field: 'batch_size' value: 8.5 } }", "grid.axis[0].value[0]",
                 "whole number"},
        BadInput{"grid { axis { field: 'alpha' value: [0.1, 2] } }", "grid.axis[0].value[1]",
                 "alpha is 2"},
        BadInput{"grid { axis { field: 'alpha' } }", "grid.axis[0].value", "no value"},
        BadInput{"exclude { task: 'flipflip' }", "exclude[0].task", "did you mean flipflop?"},
        BadInput{"exclude { architecture: 'lstm' }", "exclude[0].architecture", "Valid: gru"},
        BadInput{"exclude { units: 32 }", "exclude[0].units", "units is 32"},
        BadInput{"exclude { l2: 0.5 }", "exclude[0].l2", "l2 is 0.5"},
        BadInput{"exclude {}", "exclude", "leave no network"},
        BadInput{"seeds { first: -1 }", "seeds.first", "first is -1; it must be at least 0"},
        BadInput{"seeds { count: -1 }", "seeds.count", "at least 1"},
        BadInput{"search { trials_per_config: 0 }", "search.trials_per_config", "at least 1"},
        BadInput{"search { learning_rate { min: 0.1 max: 0.01 } }", "search.learning_rate",
                 "min 0.1 above max 0.01; min must be at most max"},
        BadInput{"search { learning_rate { max: 0.01 log: true } }", "search.learning_rate.min",
                 "greater than 0"},
        BadInput{"search { momentum { max: 0.9 log: true } }", "search.momentum.min",
                 "logarithmic scale"},
        BadInput{"search { momentum { max: 1.5 } }", "search.momentum.max", "at most 1"},
        BadInput{"search { rungs: 6 } training { iterations: 31 }", "search.rungs",
                 "needs at least 32 iterations"},
        BadInput{"training { iterations: 0 }", "training.iterations", "at least 1"},
        BadInput{"training { batch_size: 0 }", "training.batch_size", "at least 1"},
        BadInput{"training { curriculum { steps: 10 share: 0.5 } }", "training.curriculum",
                 "the shares add up to 0.5; they must add up to 1"},
        BadInput{"training { curriculum { steps: 101 share: 1 } }", "training.curriculum[0].steps",
                 "at most 100"},
        BadInput{"training { curriculum { steps: 10 share: 1 } "
                 "curriculum { steps: 9 share: 0.25 task: 'flipflop' } }",
                 "training.curriculum",
                 "the shares of task \"flipflop\" add up to 0.25; they must add up to 1"},
        BadInput{"task { name: 'sine' sine_wave {} } "
                 "training { curriculum { steps: 101 share: 1 task: 'flipflop' } }",
                 "training.curriculum[0].steps", "at most 100, the longest trial of the stage's"},
        BadInput{"training { curriculum { steps: 10 share: 1 task: 'flipflip' } }",
                 "training.curriculum[0].task",
                 "unknown task \"flipflip\": did you mean flipflop?"},
        BadInput{"training { precision: 'bfp16' }", "training.precision",
                 "unknown precision \"bfp16\": did you mean bf16? Valid: fp32, tf32, bf16"},
        BadInput{"training { precision: 'tf32' }", "training.precision",
                 "precision is tf32, which only workers with the engine cuda train in; set "
                 "scheduling.device to \"cuda\", or precision to fp32"},
        BadInput{"training { precision: 'bf16' } scheduling { device: 'cpu' }",
                 "training.precision", "set scheduling.device to \"cuda\""},
        BadInput{"grid { axis { field: 'precision' value: 1 } }", "grid.axis[0].field",
                 "unknown axis field"},
        BadInput{"training { curriculum { share: 1 } }", "training.curriculum[0].steps",
                 "at least 1"},
        BadInput{"analysis { metric {} }", "analysis.metric[0]", "no kind"},
        BadInput{"analysis { metric { svcca {} } metric { svcca { variance: 0.9 } } }",
                 "analysis.metric[1]", "duplicate metric svcca"},
        BadInput{"analysis { metric { svcca { variance: 0 } } }",
                 "analysis.metric[0].svcca.variance", "greater than 0 and at most 1"},
        BadInput{"analysis { fixed_points { tolerance: 1e-5 } }",
                 "analysis.fixed_points.slow_tolerance", "at least tolerance, which is 1e-05"},
        BadInput{"analysis { mds { dims: 0 } }", "analysis.mds.dims", "at least 1"},
        BadInput{"limits { job_timeout: 'soon' }", "limits.job_timeout", "such as \"90m\""},
        BadInput{"limits { max_attempts: 0 }", "limits.max_attempts", "at least 1"},
        BadInput{"scheduling { priority: 1001 }", "scheduling.priority", "at most 1000"},
        BadInput{"scheduling { weight: 0 }", "scheduling.weight", "at least 0.001"},
        BadInput{"scheduling { weight: nan }", "scheduling.weight", "a finite number"},
        BadInput{"scheduling { threads: 0 }", "scheduling.threads", "at least 1"},
        BadInput{"scheduling { memory: 'much' }", "scheduling.memory", "such as \"4GiB\""},
        BadInput{"scheduling { device: 'GPU 0' }", "scheduling.device", "such as \"cuda\""},
        BadInput{"limits { max_networks: 1 }", "grid",
                 "has 2 networks; the limit is 1: make grid or seeds smaller, or raise "
                 "limits.max_networks"},
        BadInput{"import { architecture: 'gru' activation: 'tanh' }", "import[0].path",
                 "must name an .npz"},
        BadInput{"import { path: 'a.npy' architecture: 'recording' activation: 'tanh' }",
                 "import[0].activation", "has no activation"},
        BadInput{"import { path: 'a.npz' activation: 'tanh' }", "import[0].architecture",
                 "give one of vanilla"},
        BadInput{"import { path: 'a.npz' task: 'flipflip' architecture: 'gru' activation: 'tanh' }",
                 "import[0].task", "did you mean flipflop"},
        BadInput{"import { path: 'My Net.npz' architecture: 'gru' activation: 'tanh' }",
                 "import[0].name", "give it a name"},
        BadInput{"import { path: 'a.npz' architecture: 'gru' activation: 'tanh' } import { path: "
                 "'b/a.npz' architecture: 'gru' activation: 'tanh' }",
                 "import[1].name", "name of its own"},
        BadInput{"import { path: 'a.npz' architecture: 'gru' activation: 'tanh' gate_bias: 101 }",
                 "import[0].gate_bias", "at most 100"},
        BadInput{"hyperparameters { lr_decay: 1 clip_norm: 1 }", "hyperparameters[0].learning_rate",
                 "learning_rate is 0; it must be greater than 0"},
        BadInput{"hyperparameters { architecture: 'gruu' }", "hyperparameters[0].architecture",
                 "did you mean gru?"},
        BadInput{"hyperparameters { learning_rate: inf }", "hyperparameters[0].learning_rate",
                 "finite"},
        BadInput{"cell { alpha: 0 }", "cell.alpha", "greater than 0"}));

TEST(Validate, AcceptsEveryPrecisionWhereADeviceIsAskedFor) {
  for (const std::string& name : PrecisionNames()) {
    v1::SweepSpec spec = Small();
    spec.mutable_training()->set_precision(name);
    spec.mutable_scheduling()->set_device("cuda");
    EXPECT_EQ(Show(Validate(spec)), "") << name;
    EXPECT_EQ(Show(Validate(WithDefaults(spec))), "") << name;
  }
}

TEST(Validate, RefusesTheEmptySweepInEveryPart) {
  EXPECT_THAT(Validate(v1::SweepSpec()),
              ElementsAre(Says("name", "1 to 63"), Says("task", "at least one"),
                          Says("grid.architecture", "at least one of vanilla"),
                          Says("grid.activation", "at least one of tanh"),
                          Says("grid.units", "no value"), Says("grid.l2", "no value"),
                          Says("seeds.count", "count is 0; it must be at least 1")));
}

TEST(Validate, RefusesAPopulationAboveTheCoordinatorsLimit) {
  const auto found = Validate(ParseSweep(kPaperSweep), 8639);
  EXPECT_THAT(found, ElementsAre(Says("grid", "8640 networks; the limit is 8639")));
  EXPECT_THAT(found, ElementsAre(Says("grid", "--max-networks")));
  EXPECT_THAT(Validate(ParseSweep(kPaperSweep), 8640), IsEmpty());
}

TEST(Validate, CountsHugePopulationsWithoutEnumeratingThem) {
  v1::SweepSpec spec = Small();
  spec.mutable_seeds()->set_count(std::numeric_limits<int64_t>::max());
  for (int i = 0; i < 8; ++i) {
    v1::Axis& axis = *spec.mutable_grid()->add_axis();
    axis.set_field("alpha");
    for (int k = 0; k < 1000; ++k) axis.add_value(k);
  }
  EXPECT_EQ(CountNetworks(spec), std::numeric_limits<int64_t>::max());
  EXPECT_THAT(Validate(spec), Contains(Says("grid", "the limit is 1000000")));
}

TEST(Validate, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  v1::SweepSpec spec = Small();
  spec.MergeFrom(ParseSweep(R"(task { name: "flipflop" flip_flop { steps: 0 } }
                               grid { architecture: "lstmm" l2: -1 }
                               search { clip_norm { min: 2 max: 1 } })"));
  spec.mutable_seeds()->set_count(0);
  std::vector<std::string> fields;
  for (const Violation& each : Validate(spec)) fields.push_back(each.field);
  EXPECT_THAT(fields, ElementsAre("task[1].name", "task[1].flip_flop.steps", "grid.architecture[1]",
                                  "grid.l2[1]", "seeds.count", "search.clip_norm"));
}

TEST(Validate, BoundsTheLengthOfKeys) {
  v1::SweepSpec spec = Small();
  spec.mutable_task(0)->set_name(std::string(63, 'a'));
  EXPECT_THAT(Validate(spec), IsEmpty());
  for (const char* field : {"gate_bias", "alpha", "noise", "batch_size", "iterations",
                            "decay_steps", "validation_trials"}) {
    v1::Axis& axis = *spec.mutable_grid()->add_axis();
    axis.set_field(field);
    axis.add_value(10);
  }
  EXPECT_THAT(Validate(spec), Contains(Says("grid", "at most 200")));
}

TEST(Validate, BoundsWhatItSays) {
  v1::SweepSpec spec = Small();
  spec.set_name(std::string(1 << 20, 'X'));
  for (int i = 0; i < 20'000; ++i) spec.mutable_grid()->add_l2(-1);
  const std::vector<Violation> violations = Validate(spec);
  EXPECT_EQ(violations.size(), 10'000);
  for (const Violation& each : violations) EXPECT_LT(each.message.size(), 1100);
}

TEST(Validate, BoundsTheListsThatEveryCellIsHeldAgainst) {
  v1::SweepSpec spec = Small();
  for (int i = 0; i < 1001; ++i) spec.add_exclude()->set_architecture("gru");
  EXPECT_THAT(Validate(spec), Contains(Says("exclude", "1001 entries; it must have at most 1000")));
}

TEST(NearestName, ForgivesSlipsOnly) {
  const std::vector<std::string> names = {"units", "l2", "architecture"};
  EXPECT_EQ(NearestName("unitz", names), "units");
  EXPECT_EQ(NearestName("Architekture", names), "architecture");
  EXPECT_EQ(NearestName("neurons", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

}  // namespace
}  // namespace rnnfarm::population
