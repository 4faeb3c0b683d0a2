#include "worker/task/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/vector_unit.h"
#include "worker/task/sine.h"
namespace rnnfarm::task {
namespace {

using testing::HasSubstr;

const base::StreamKey kKey = base::DeriveStream(3, "a network", "trials");

std::unique_ptr<Task> Make(const TaskSpec& spec) {
  auto task = MakeTask(spec);
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

std::string Refusal(const TaskSpec& spec) {
  const auto task = MakeTask(spec);
  EXPECT_EQ(task.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(task.status().message());
}

class EachTask : public testing::TestWithParam<TaskSpec> {};

std::string TaskName(const testing::TestParamInfo<TaskSpec>& info) {
  const char* names[] = {"FlipFlop", "SineWave", "ContextIntegration"};
  return names[info.param.index()];
}

INSTANTIATE_TEST_SUITE_P(Tasks, EachTask,
                         testing::Values(FlipFlop{}, SineWave{}, ContextIntegration{}), TaskName);

TEST_P(EachTask, ExtentsAreAsDeclared) {
  const auto task = Make(GetParam());
  const Trials trials = task->Generate(kKey, 0, 5, task->steps());
  EXPECT_EQ(trials.count, 5);
  EXPECT_EQ(trials.steps, task->steps());
  EXPECT_EQ(trials.x.size(), size_t(5) * task->steps() * task->inputs());
  EXPECT_EQ(trials.y.size(), size_t(5) * task->steps() * task->outputs());
  EXPECT_TRUE(trials.mask.empty());
  for (const Condition& condition : task->Conditions()) {
    EXPECT_EQ(condition.input.size(), task->inputs());
  }
  const Trials probe = task->Probe(1);
  EXPECT_EQ(probe.steps, task->steps());
  EXPECT_EQ(probe.x.size(), size_t(probe.count) * task->steps() * task->inputs());
}

TEST_P(EachTask, ARowIsAFunctionOfItsSubstreamAlone) {
  const auto task = Make(GetParam());
  const Trials batch = task->Generate(kKey, 100, 4, task->steps());
  const Trials alone = task->Generate(kKey, 102, 1, task->steps());
  const size_t row = alone.x.size();
  EXPECT_TRUE(std::equal(alone.x.begin(), alone.x.end(), batch.x.begin() + 2 * row));
  EXPECT_TRUE(std::equal(alone.y.begin(), alone.y.end(), batch.y.begin() + 2 * alone.y.size()));
  EXPECT_FALSE(std::equal(alone.x.begin(), alone.x.end(), batch.x.begin() + row));
  const base::StreamKey other = base::DeriveStream(3, "another network", "trials");
  EXPECT_NE(task->Generate(other, 102, 1, task->steps()).x, alone.x);
}

TEST_P(EachTask, AShorterTrialIsTheBeginningOfTheLongerOne) {
  const auto task = Make(GetParam());
  constexpr int kShort = 17;
  const Trials whole = task->Generate(kKey, 9, 3, task->steps());
  const Trials part = task->Generate(kKey, 9, 3, kShort);
  for (int row = 0; row < 3; ++row) {
    for (int i = 0; i < kShort * task->inputs(); ++i) {
      ASSERT_EQ(part.x[row * kShort * task->inputs() + i],
                whole.x[size_t(row) * task->steps() * task->inputs() + i]);
    }
    for (int i = 0; i < kShort * task->outputs(); ++i) {
      ASSERT_EQ(part.y[row * kShort * task->outputs() + i],
                whole.y[size_t(row) * task->steps() * task->outputs() + i]);
    }
  }
}

TEST_P(EachTask, TrialsAreTheSameBytesOnEveryVectorUnit) {
  const auto task = Make(GetParam());
  const Trials widest = task->Generate(kKey, 5, 7, task->steps());
  for (const base::VectorUnit unit : {base::VectorUnit::kBaseline, base::VectorUnit::kAvx2}) {
    base::LimitVectorUnit(unit);
    const Trials narrower = task->Generate(kKey, 5, 7, task->steps());
    EXPECT_EQ(narrower.x, widest.x);
    EXPECT_EQ(narrower.y, widest.y);
  }
  base::LimitVectorUnit(base::VectorUnit::kAvx512);
}

TEST_P(EachTask, TrialsOverwriteWhateverTheVectorsHeld) {
  const auto task = Make(GetParam());
  Trials trials{1, 2, 3, 4, std::vector<float>(100'000, -9), {7, 7}, {1}};
  task->Generate(kKey, 5, 2, task->steps(), trials);
  const Trials fresh = task->Generate(kKey, 5, 2, task->steps());
  EXPECT_EQ(trials.count, 2);
  EXPECT_EQ(trials.inputs, task->inputs());
  EXPECT_EQ(trials.x, fresh.x);
  EXPECT_EQ(trials.y, fresh.y);
  EXPECT_TRUE(trials.mask.empty());
}

TEST_P(EachTask, TheProbeIsTheSameEveryTime) {
  const auto task = Make(GetParam());
  EXPECT_EQ(task->Probe(5).x, Make(GetParam())->Probe(5).x);
}

TEST(FlipFlopTest, TheTargetIsTheLastPulse) {
  const auto task = Make(FlipFlop{});
  const Trials trials = task->Generate(kKey, 0, 200, 100);
  int64_t pulses = 0, positive = 0;
  for (int row = 0; row < 200; ++row) {
    float held[3] = {};
    for (int t = 0; t < 100; ++t) {
      for (int k = 0; k < 3; ++k) {
        const size_t i = (size_t(row) * 100 + t) * 3 + k;
        if (t == 0) {
          ASSERT_NE(trials.x[i], 0) << "each channel is pulsed at step 0";
        }
        if (trials.x[i] != 0) {
          ASSERT_EQ(std::abs(trials.x[i]), 1);
          held[k] = trials.x[i];
          pulses += t > 0;
          positive += t > 0 && trials.x[i] > 0;
        }
        ASSERT_EQ(trials.y[i], held[k]);
      }
    }
  }
  // 59,400 chances of 0.05: 2970 pulses, s.d. 53; half of them positive, s.d. 27.
  EXPECT_NEAR(pulses, 2970, 5 * 53);
  EXPECT_NEAR(positive, pulses / 2.0, 5 * 27);
}

// The rule word by word, for numbers of channels and steps that fill the words kept at once
// unevenly.
TEST(FlipFlopTest, EveryChannelAndStepTakesItsOwnWord) {
  for (const int bits : {1, 2, 3, 4, 5, 16}) {
    const auto task = Make(FlipFlop{bits, 700, 0.1, bits % 2 == 0});
    const Trials trials = task->Generate(kKey, 12, 2, 700);
    for (int row = 0; row < 2; ++row) {
      base::RandomStream stream(kKey, 12 + row);
      std::vector<float> held(bits, 0.0f);
      for (int i = 0; i < 700 * bits; ++i) {
        const uint32_t word = stream.NextWord();
        const bool pulse = (word >> 1) < std::llround(0.1 * 0x1p31) || (i < bits && bits % 2 == 0);
        const float x = pulse ? ((word & 1) != 0 ? 1.0f : -1.0f) : 0.0f;
        if (pulse) held[i % bits] = x;
        ASSERT_EQ(trials.x[size_t(row) * 700 * bits + i], x) << bits << " bits, value " << i;
        ASSERT_EQ(trials.y[size_t(row) * 700 * bits + i], held[i % bits]);
      }
    }
  }
}

TEST(FlipFlopTest, CertainAndImpossiblePulses) {
  const Trials always = Make(FlipFlop{1, 50, 1.0, false})->Generate(kKey, 0, 4, 50);
  for (const float x : always.x) EXPECT_EQ(std::abs(x), 1);
  const Trials never = Make(FlipFlop{1, 50, 0.0, false})->Generate(kKey, 0, 4, 50);
  EXPECT_EQ(never.x, std::vector<float>(200, 0.0f));
}

TEST(FlipFlopTest, WithoutTheInitialPulseTheTargetIsZeroUntilTheFirst) {
  const auto task = Make(FlipFlop{2, 50, 0.02, false});
  const Trials trials = task->Generate(kKey, 0, 64, 50);
  int silent = 0;
  for (int row = 0; row < 64; ++row) {
    const float x = trials.x[size_t(row) * 100], y = trials.y[size_t(row) * 100];
    EXPECT_EQ(x, y);
    silent += x == 0;
  }
  EXPECT_GT(silent, 55);
}

TEST(FlipFlopTest, TheProbeDependsOnTheBaseSeedAndTheConditionIsSilence) {
  const auto task = Make(FlipFlop{});
  EXPECT_EQ(task->Probe(1).count, 64);
  EXPECT_NE(task->Probe(1).x, task->Probe(2).x);
  ASSERT_EQ(task->Conditions().size(), 1);
  EXPECT_EQ(task->Conditions()[0].input, std::vector<double>(3, 0.0));
  EXPECT_EQ(task->graph(), GraphKind::kTransition);
  EXPECT_EQ(task->start_noise(), 0.5);
}

TEST(SineWaveTest, TheCommandFixesTheFrequencyInCyclesAStep) {
  const auto task = Make(SineWave{});
  const Trials trials = task->Generate(kKey, 0, 100, 500);
  double sum = 0;
  for (int row = 0; row < 100; ++row) {
    const float x = trials.x[size_t(row) * 500];
    ASSERT_TRUE(x >= 0 && x <= 1);
    sum += x;
    for (int k = 0; k < 500; ++k) {
      ASSERT_EQ(trials.x[size_t(row) * 500 + k], x);
      ASSERT_NEAR(trials.y[size_t(row) * 500 + k],
                  std::sin(2 * std::numbers::pi * (0.04 * x + 0.01) * k), 1e-5);
    }
  }
  EXPECT_NEAR(sum / 100, 0.5, 5 * 0.029);
}

TEST(SineWaveTest, TheSineIsTheRoundedExactOne) {
  for (const double frequency : {0.0, 1e-5, 0.01, 0.0312345, 0.05, 1.0 / 3, 0.5}) {
    std::vector<float> sine(100'000);
    FillSine(frequency, absl::MakeSpan(sine));
    for (size_t k = 0; k < sine.size(); ++k) {
      // The product of 53 and 17 bits is exact in a long double of 64 bits but for its last ones.
      const long double cycles = std::fmod(static_cast<long double>(frequency) * k, 1.0L);
      const double exact =
          std::sin(static_cast<double>(2 * std::numbers::pi_v<long double> * cycles));
      const double half_ulp = std::max(std::abs(exact), 0x1p-100) * 0x1p-24;
      ASSERT_NEAR(sine[k], exact, half_ulp + 1e-12) << frequency << " cycles a step, step " << k;
    }
  }
}

TEST(SineWaveTest, ProbeAndConditionsAreTheSameEvenlySpacedCommands) {
  const auto task = Make(SineWave{});
  const Trials probe = task->Probe(0);
  const std::vector<Condition> conditions = task->Conditions();
  ASSERT_EQ(probe.count, 51);
  ASSERT_EQ(conditions.size(), 51);
  for (int i = 0; i < 51; ++i) {
    EXPECT_FLOAT_EQ(probe.x[size_t(i) * 500], i / 50.0f);
    EXPECT_DOUBLE_EQ(conditions[i].input[0], i / 50.0);
    EXPECT_NEAR(conditions[i].label, 0.01 + 0.04 * i / 50, 1e-15);
  }
  EXPECT_EQ(task->graph(), GraphKind::kNearestNeighbourOverConditions);
}

TEST(ContextIntegrationTest, TheTargetIsTheCumulativeSumOfTheCuedStream) {
  const auto task = Make(ContextIntegration{});
  constexpr int kTrials = 20'000, kSteps = 30;
  const Trials trials = task->Generate(kKey, 0, kTrials, kSteps);
  std::vector<double> squares(kSteps, 0.0);
  int second = 0;
  for (int row = 0; row < kTrials; ++row) {
    double sum = 0;
    for (int t = 0; t < kSteps; ++t) {
      const float* x = trials.x.data() + (size_t(row) * kSteps + t) * 4;
      ASSERT_EQ(x[2] + x[3], 1);
      ASSERT_EQ(x[2] * x[3], 0);
      sum += x[3] == 1 ? x[1] : x[0];
      second += t == 0 && x[3] == 1;
      const float y = trials.y[size_t(row) * kSteps + t];
      ASSERT_NEAR(y, sum, 1e-4);
      squares[t] += double(y) * y / kTrials;
    }
  }
  EXPECT_NEAR(second, kTrials / 2, 5 * std::sqrt(kTrials) / 2);
  for (int t = 1; t <= kSteps; ++t) {
    const double expected = t + t * t / 3.0;
    EXPECT_NEAR(squares[t - 1] / expected, 1, 0.06) << t;
  }
}

// Means and context are the first numbers of the stream; the evidence takes the normals from the
// next whole block on, here over more than are kept at once.
TEST(ContextIntegrationTest, EvidenceIsMeanPlusNormal) {
  for (const int contexts : {1, 3, 64}) {
    constexpr int kSteps = 1500;
    const auto task = Make(ContextIntegration{contexts, kSteps});
    const Trials trials = task->Generate(kKey, 4, 1, kSteps);
    base::RandomStream stream(kKey, 4);
    std::vector<double> means(contexts);
    for (double& mean : means) mean = stream.Uniform(-1, 1);
    const uint32_t context = stream.Below(contexts);
    std::vector<float> normals(kSteps * contexts);
    base::FillNormals(kKey, 4, 1, absl::MakeSpan(normals), (2 * contexts + 1 + 3) / 4);
    for (int t = 0; t < kSteps; ++t) {
      const float* x = trials.x.data() + t * 2 * contexts;
      for (int k = 0; k < contexts; ++k) {
        ASSERT_EQ(x[k], static_cast<float>(means[k] + normals[t * contexts + k])) << t;
        ASSERT_EQ(x[contexts + k], k == context ? 1 : 0);
      }
    }
  }
}

TEST(ContextIntegrationTest, TheProbeHoldsConstantMeansOnTheCuedStream) {
  const auto task = Make(ContextIntegration{});
  const Trials probe = task->Probe(0);
  ASSERT_EQ(probe.count, 22);
  for (int row = 0; row < 22; ++row) {
    const int context = row / 11;
    const float mean = static_cast<float>(-1 + 0.2 * (row % 11));
    for (int t = 0; t < 30; ++t) {
      const float* x = probe.x.data() + (size_t(row) * 30 + t) * 4;
      EXPECT_NEAR(x[context], mean, 1e-6);
      EXPECT_EQ(x[1 - context], 0);
      EXPECT_EQ(x[2 + context], 1);
      EXPECT_EQ(x[3 - context], 0);
      EXPECT_NEAR(probe.y[size_t(row) * 30 + t], mean * (t + 1), 1e-5);
    }
  }
  const std::vector<Condition> conditions = task->Conditions();
  ASSERT_EQ(conditions.size(), 2);
  EXPECT_EQ(conditions[0].input, (std::vector<double>{0, 0, 1, 0}));
  EXPECT_EQ(conditions[1].input, (std::vector<double>{0, 0, 0, 1}));
  EXPECT_EQ(conditions[1].label, 1);
}

TEST(TaskTest, FieldsOutOfRangeAreNamed) {
  EXPECT_EQ(Refusal(FlipFlop{0}), "bits is 0; expected 1 to 16");
  EXPECT_THAT(Refusal(FlipFlop{3, 0}), HasSubstr("steps is 0"));
  EXPECT_THAT(Refusal(FlipFlop{3, 100, 1.5}), HasSubstr("flip_probability is 1.5"));
  EXPECT_THAT(Refusal(FlipFlop{3, 100, std::nan("")}), HasSubstr("flip_probability is nan"));
  EXPECT_THAT(Refusal(SineWave{500, 0.05, 0.01}), HasSubstr("max_frequency is 0.01"));
  EXPECT_THAT(Refusal(SineWave{500, 0.01, 0.6}), HasSubstr("max_frequency is 0.6"));
  EXPECT_THAT(Refusal(SineWave{500, 0.01, 0.05, 0}), HasSubstr("conditions is 0"));
  EXPECT_THAT(Refusal(ContextIntegration{65}), HasSubstr("contexts is 65"));
  EXPECT_THAT(Refusal(ContextIntegration{2, -1}), HasSubstr("steps is -1"));
}

}  // namespace
}  // namespace rnnfarm::task
