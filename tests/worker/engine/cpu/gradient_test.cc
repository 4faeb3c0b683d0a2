// The gradient by hand-written backward passes against libtorch's automatic one in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/array_file.h"
#include "tests/worker/rnn/random_network.h"
#include "worker/engine/cpu/cpu_learner.h"
#include "worker/engine/sequence_loss.h"

namespace rnnfarm::engine::cpu {
namespace {

using torch::Tensor;

// Of the largest entry.
constexpr double kLimit = 2e-6;
constexpr double kDeviation = 0.3;  // of biases, initial state and noise

struct Shape {
  int units, batch, inputs, outputs, steps;
};

struct Case {
  rnn::CellSpec cell;
  std::function<task::TaskSpec()> task;
  int batch;
  std::string name;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

// Random trials with a mask of zeros and other weights.
task::Dataset MaskedDataset(const Shape& shape) {
  constexpr int kTrials = 40;
  base::RandomStream random(base::DeriveStream(3, "masked", "dataset"));
  base::Archive archive;
  const auto add = [&](const char* name, std::vector<int64_t> extents, auto draw) {
    int64_t size = 1;
    for (const int64_t extent : extents) size *= extent;
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(draw());
    archive.Add(name, base::Array::Of<float>(std::move(extents), values));
  };
  add("inputs", {kTrials, shape.steps, shape.inputs}, [&] { return random.Normal(); });
  add("targets", {kTrials, shape.steps, shape.outputs}, [&] { return random.Normal(); });
  add("mask", {kTrials, shape.steps}, [&] { return std::max(0.0, random.Uniform(-0.5, 1.5)); });
  return {*archive.Encode(), "masked.npz"};
}

// Rows of slabs are 16 or 32, tiles have 3 or 4 rows, panels 64 units; beside the 1, 15 inputs fit
// into the first 16 floats of a row of state.
std::vector<Shape> EveryShape() {
  constexpr int kUnits[] = {2, 3, 16, 17, 37, 64, 130}, kBatches[] = {1, 3, 21, 64, 65, 100};
  constexpr int kInputs[] = {1, 20, 3}, kOutputs[] = {3, 1, 5}, kSteps[] = {30, 2, 30, 1};
  std::vector<Shape> shapes;
  for (int u = 0; u < std::size(kUnits); ++u) {
    for (int b = 0; b < std::size(kBatches); ++b) {
      shapes.push_back({kUnits[u], kBatches[b], kInputs[(u + b) % 3], kOutputs[(u + 2 * b + 1) % 3],
                        kSteps[(3 * u + b) % 4]});
    }
  }
  shapes.push_back({37, 21, 15, 3, 30});
  shapes.push_back({37, 21, 16, 3, 30});
  return shapes;
}

Case CaseOf(rnn::CellSpec cell, const Shape& shape) {
  cell.units = shape.units;
  return {cell, [shape] { return MaskedDataset(shape); }, shape.batch,
          absl::StrCat(rnn::CellName(cell), "_units", shape.units, "_batch", shape.batch, "_inputs",
                       shape.inputs, "_outputs", shape.outputs, "_steps", shape.steps)};
}

std::vector<Case> EveryCase() {
  const std::pair<const char*, task::TaskSpec> tasks[] = {
      {"flipflop", task::FlipFlop{3, 30, 0.1, true}},
      {"sine", task::SineWave{30, 0.01, 0.05, 3}},
      {"cdi", task::ContextIntegration{2, 30}}};
  std::vector<Case> cases;
  for (rnn::CellSpec cell : rnn::EveryCell()) {
    for (const Shape& shape : EveryShape()) cases.push_back(CaseOf(cell, shape));
    cell.units = 37;
    for (const auto& [name, spec] : tasks) {
      cases.push_back(
          {cell, [spec = spec] { return spec; }, 21, absl::StrCat(rnn::CellName(cell), "_", name)});
    }
  }
  // The widest, in slabs of 32 rows.
  rnn::CellSpec gru;
  gru.architecture = rnn::Architecture::kGru;
  cases.push_back(CaseOf(gru, {1024, 35, 3, 2, 3}));
  return cases;
}

// As at the start of training, but nothing is zero. Larger weights would make long sequences
// chaotic or let them grow without bound, and float32 then differs from float64 in everything; the
// LSTM with relu, which multiplies what is not bounded, does so already with weights as they are
// drawn.
std::vector<float> RandomStart(const rnn::CellSpec& cell) {
  const bool unbounded =
      cell.architecture == rnn::Architecture::kLstm && cell.activation == rnn::Activation::kRelu;
  const float scale = unbounded ? 0.5f : 1.0f;
  std::vector<float> parameters = InitialParameters(1, "gradient", cell);
  base::RandomStream random(base::DeriveStream(1, "gradient", "biases"));
  for (float& parameter : parameters) {
    parameter *= scale;
    if (parameter == 0) parameter = static_cast<float>(kDeviation * random.Normal());
  }
  return parameters;
}

class EachGradient : public testing::TestWithParam<Case> {
 protected:
  EachGradient() : task_(*task::MakeTask(GetParam().task())) {
    member_.stream_key = "gradient";
    member_.cell = GetParam().cell;
    member_.cell.inputs = task_->inputs();
    member_.cell.outputs = task_->outputs();
    const bool leaky = member_.cell.architecture == rnn::Architecture::kLeaky;
    if (leaky) member_.cell.noise = kDeviation;
    member_.start.parameters = RandomStart(member_.cell);
    member_.start.velocity.resize(member_.start.parameters.size());
    plan_.task = task_.get();
    plan_.batch_size = GetParam().batch;
    trials_ = task_->Generate(base::DeriveStream(1, "gradient", "trials"), 0, plan_.batch_size,
                              task_->steps());
    batch_ = BatchOf(trials_, 0, trials_.count);
    if (leaky) DrawNoise();
  }

  void DrawNoise() {
    const base::StreamKey key = base::DeriveStream(1, "gradient", "noise");
    const int64_t row = int64_t{trials_.steps} * member_.cell.units;
    noise_.resize(plan_.batch_size * row + kUnitPadding);
    for (int i = 0; i < plan_.batch_size; ++i) {
      base::FillNormals(key, i, kDeviation, absl::MakeSpan(noise_).subspan(i * row, row));
    }
    batch_.noise = NoiseOf(key, 0, trials_.steps, plan_.batch_size, member_.cell.units, kDeviation);
  }

  LossAndGradient ByAutograd(torch::ScalarType type) const {
    const auto& values = member_.start.parameters;
    const Tensor flat = torch::tensor(torch::ArrayRef<float>(values.data(), values.size()));
    Batch batch = batch_;
    for (Tensor* part : {&batch.x, &batch.y, &batch.mask, &batch.noise}) {
      if (part->defined()) *part = part->to(type);
    }
    return GradientByAutograd(member_.cell, flat.to(type), batch);
  }

  std::unique_ptr<task::Task> task_;
  Plan plan_;
  Member member_;
  task::Trials trials_;
  std::vector<float> noise_;
  Batch batch_;
};

// The parameter's slice and place in it.
std::string Place(const rnn::CellSpec& cell, int64_t i) {
  for (const rnn::ParameterSlice& slice : rnn::ParameterLayout(cell)) {
    if (i < slice.offset + slice.size) return absl::StrCat(slice.name, "[", i - slice.offset, "]");
  }
  return "nowhere";
}

INSTANTIATE_TEST_SUITE_P(Cases, EachGradient, testing::ValuesIn(EveryCase()),
                         [](const auto& info) { return info.param.name; });

TEST_P(EachGradient, EqualsLibtorchsInFloat64ToRounding) {
  at::set_num_threads(1);
  const LossAndGradient exact = ByAutograd(torch::kFloat64);
  const LossAndGradient single = ByAutograd(torch::kFloat32);
  const double scale = exact.gradient.abs().max().item<double>();
  ASSERT_GT(scale, 1e-4);
  const double single_error =
      (single.gradient.to(torch::kFloat64) - exact.gradient).abs().max().item<double>() / scale;
  std::vector<float> fused;
  for (const Kernels* kernels : UsableKernels()) {
    CpuLearner learner(*kernels, plan_, member_, trials_);
    const double loss = learner.Gradient(trials_, noise_.empty() ? nullptr : noise_.data());
    const std::vector<float>& gradient = learner.gradient();
    const Tensor difference =
        torch::tensor(torch::ArrayRef<float>(gradient.data(), gradient.size()))
            .to(torch::kFloat64) -
        exact.gradient;
    const double error = difference.abs().max().item<double>() / scale;
    EXPECT_LE(error, kLimit) << kernels->name << " at "
                             << Place(member_.cell, difference.abs().argmax().item<int64_t>())
                             << ", libtorch in float32: " << single_error;
    EXPECT_NEAR(loss, exact.loss, kLimit * exact.loss) << kernels->name;
    RecordProperty(absl::StrCat("error_", kernels->name), absl::StrCat(error));
    RecordProperty("error_libtorch_float32", absl::StrCat(single_error));
    if (std::string(kernels->name) == "portable") continue;
    if (fused.empty()) fused = gradient;
    EXPECT_EQ(std::memcmp(gradient.data(), fused.data(), fused.size() * sizeof(float)), 0)
        << kernels->name << " and avx512 differ in bits";
  }
}

// Memory is used again and again: what an earlier slab, batch or a longer trial left has no effect.
TEST_P(EachGradient, IsTheSameOnceMoreAndAfterOtherTrials) {
  CpuLearner learner(*UsableKernels().front(), plan_, member_, trials_);
  const float* noise = noise_.empty() ? nullptr : noise_.data();
  const double loss = learner.Gradient(trials_, noise);
  const std::vector<float> first = learner.gradient();
  const int shorter = (trials_.steps + 1) / 2;
  learner.Gradient(
      task_->Generate(base::DeriveStream(2, "other", "trials"), 0, plan_.batch_size, shorter),
      noise);
  EXPECT_EQ(learner.Gradient(trials_, noise), loss);
  EXPECT_EQ(learner.gradient(), first);
}

}  // namespace
}  // namespace rnnfarm::engine::cpu
