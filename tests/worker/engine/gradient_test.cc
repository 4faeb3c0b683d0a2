#include <gtest/gtest.h>

#include "tests/worker/rnn/random_network.h"
#include "worker/engine/sequence_loss.h"

namespace rnnfarm::engine {
namespace {

using torch::Tensor;

constexpr int kTrials = 6, kSteps = 8;

struct Case {
  rnn::CellSpec cell;
  task::TaskSpec task;
  std::string name;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::vector<Case> EveryCase() {
  std::vector<Case> cases;
  const std::pair<const char*, task::TaskSpec> tasks[] = {
      {"flipflop", task::FlipFlop{2, kSteps, 0.2, true}},
      {"sine", task::SineWave{kSteps, 0.01, 0.05, 3}},
      {"cdi", task::ContextIntegration{2, kSteps}}};
  for (const rnn::CellSpec& cell : rnn::EveryCell()) {
    for (const auto& [name, spec] : tasks) {
      cases.push_back({cell, spec, absl::StrCat(rnn::CellName(cell), "_", name)});
    }
  }
  return cases;
}

class EachGradient : public testing::TestWithParam<Case> {
 protected:
  // In float64, with a mask and, for the leaky cell, noise.
  EachGradient() : cell_(GetParam().cell) {
    const auto task = *task::MakeTask(GetParam().task);
    cell_.inputs = task->inputs();
    cell_.outputs = task->outputs();
    flat_ = rnn::RandomParameters(cell_).to(torch::kFloat64);
    const base::StreamKey key = base::DeriveStream(1, "gradient", "trials");
    batch_ = BatchOf(task->Generate(key, 0, kTrials, kSteps), 0, kTrials);
    batch_.x = batch_.x.to(torch::kFloat64);
    batch_.y = batch_.y.to(torch::kFloat64);
    batch_.mask = torch::rand_like(batch_.y);
    if (cell_.architecture == rnn::Architecture::kLeaky) {
      batch_.noise = NoiseOf(key, 0, kSteps, kTrials, cell_.units, 0.3).to(torch::kFloat64);
    }
  }

  rnn::CellSpec cell_;
  Tensor flat_;
  Batch batch_;
};

INSTANTIATE_TEST_SUITE_P(Cases, EachGradient, testing::ValuesIn(EveryCase()),
                         [](const auto& info) { return info.param.name; });

// Every parameter by itself, against the central difference quotient.
TEST_P(EachGradient, AgreesWithFiniteDifferences) {
  const torch::NoGradGuard no_gradient;
  const Tensor gradient = [&] {
    const torch::AutoGradMode enabled(true);
    return GradientByAutograd(cell_, flat_, batch_).gradient;
  }();
  const double scale = gradient.abs().max().item<double>();
  ASSERT_GT(scale, 1e-3);
  // So short that no kink of a relu lies within it; rounding then costs about 1e-9.
  constexpr double kStep = 1e-6;
  Tensor shifted = flat_.clone();
  double* values = shifted.data_ptr<double>();
  for (int64_t i = 0; i < flat_.numel(); ++i) {
    const double value = values[i];
    const auto loss_at = [&](double offset) {
      values[i] = value + offset;
      const double loss = SequenceLoss(cell_, shifted, batch_).item<double>();
      values[i] = value;
      return loss;
    };
    const double expected = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    ASSERT_NEAR(gradient[i].item<double>(), expected, 1e-6 * scale) << "parameter " << i;
  }
}

// The mean over trials, steps and outputs of the masked squares, said once more.
TEST_P(EachGradient, TheLossIsTheMaskedMeanSquare) {
  const rnn::Weights w = rnn::Unpack(cell_, flat_);
  double sum = 0;
  Tensor state = rnn::InitialState(cell_, w, kTrials);
  for (int t = 0; t < kSteps; ++t) {
    state = rnn::Step(cell_, w, state, batch_.x[t],
                      batch_.noise.defined() ? batch_.noise[t] : Tensor());
    const Tensor error = rnn::Readout(cell_, w, state) - batch_.y[t];
    sum += (batch_.mask[t] * error * error).sum().item<double>();
  }
  const double loss = SequenceLoss(cell_, flat_, batch_).item<double>();
  EXPECT_NEAR(loss, sum / static_cast<double>(batch_.y.numel()), 1e-12 * loss);
}

TEST(NoiseTest, HasItsDeviationAndItsRowsAreTheirOwn) {
  const base::StreamKey key = base::DeriveStream(1, "n", "noise");
  const Tensor noise = NoiseOf(key, 10, 50, 8, 32, 0.5);
  EXPECT_NEAR(noise.std().item<double>(), 0.5, 0.02);
  EXPECT_NEAR(noise.mean().item<double>(), 0, 0.02);
  EXPECT_TRUE(
      torch::equal(NoiseOf(key, 13, 20, 1, 32, 0.5), noise.narrow(0, 0, 20).narrow(1, 3, 1)));
}

}  // namespace
}  // namespace rnnfarm::engine
