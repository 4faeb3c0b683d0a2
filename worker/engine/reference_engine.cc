#include "worker/engine/reference_engine.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "worker/engine/pack.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/sequence_loss.h"
#include "worker/engine/validation.h"
#include "worker/rnn/threads.h"

namespace rnnfarm::engine {

namespace {

// Trials of one forward pass over the validation set: bounds its memory.
constexpr int kValidationBatch = 64;
// Tensors of one gate's size that autograd keeps a step, by a generous count.
constexpr int64_t kTensorsPerGateAndStep = 8;

void SetArithmetic() {
  rnn::UseOneThread();
  // Vanishing gradients pass through denormal numbers, which cost a hundred times as much.
  at::globalContext().setFlushDenormal(true);
}

// The validation set of a plan, the same for every network of a task.
std::vector<Batch> ValidationBatches(const Plan& plan) {
  const task::Trials trials = ValidationTrials(plan);
  std::vector<Batch> batches;
  for (int first = 0; first < trials.count; first += kValidationBatch) {
    batches.push_back(BatchOf(trials, first, std::min(kValidationBatch, trials.count - first)));
  }
  return batches;
}

class ReferenceLearner final : public Learner {
 public:
  ReferenceLearner(const Plan& plan, const Member& member, const std::vector<Batch>& validation)
      : plan_(plan),
        member_(member),
        validation_(validation),
        trial_key_(base::DeriveStream(plan.base_seed, member.stream_key, "trials")),
        noise_key_(base::DeriveStream(plan.base_seed, member.stream_key, "noise")),
        velocity_(member.start.velocity) {
    std::vector<float> start = member.start.parameters;
    if (start.empty()) {
      start = InitialParameters(plan.base_seed, member.stream_key, member.cell);
      velocity_.assign(start.size(), 0.0f);
    }
    parameters_ = torch::tensor(torch::ArrayRef<float>(start.data(), start.size()));
  }

  std::optional<double> Iterate(int64_t t) override {
    const int steps = StepsAt(plan_, t);
    const uint64_t substream = static_cast<uint64_t>(t) * plan_.batch_size;
    Batch batch = BatchOf(plan_.task->Generate(trial_key_, substream, plan_.batch_size, steps), 0,
                          plan_.batch_size);
    const rnn::CellSpec& cell = member_.cell;
    if (cell.architecture == rnn::Architecture::kLeaky && cell.noise > 0) {
      batch.noise = NoiseOf(noise_key_, substream, steps, plan_.batch_size, cell.units, cell.noise);
    }
    const LossAndGradient result = GradientByAutograd(cell, parameters_, batch);
    if (!std::isfinite(result.loss)) return std::nullopt;
    if (!Update(t, result.gradient.contiguous().data_ptr<float>())) return std::nullopt;
    return result.loss;
  }

  double ValidationLoss() override {
    const torch::NoGradGuard no_gradient;
    double sum = 0;
    int64_t trials = 0;
    for (const Batch& batch : validation_) {
      const int64_t count = batch.x.size(1);
      sum += SequenceLoss(member_.cell, parameters_, batch).item<double>() *
             static_cast<double>(count);
      trials += count;
    }
    return sum / static_cast<double>(trials);
  }

  void Save(Checkpoint& checkpoint) const override {
    const float* values = parameters_.data_ptr<float>();
    checkpoint.parameters.assign(values, values + parameters_.numel());
    checkpoint.velocity = velocity_;
  }

 private:
  // False: not finite.
  bool Update(int64_t t, const float* gradient);

  const Plan& plan_;
  const Member& member_;
  const std::vector<Batch>& validation_;
  const base::StreamKey trial_key_, noise_key_;
  torch::Tensor parameters_;
  std::vector<float> velocity_;
};

bool ReferenceLearner::Update(int64_t t, const float* gradient) {
  float* theta = parameters_.data_ptr<float>();
  float* v = velocity_.data();
  const size_t count = velocity_.size();
  const Hyperparameters& hyper = member_.hyperparameters;
  const float decay = static_cast<float>(2 * member_.l2);
  double squares = 0;
  for (size_t i = 0; i < count; ++i) {
    const double g = gradient[i] + decay * theta[i];
    squares += g * g;
  }
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return false;
  const float scale = static_cast<float>(norm > hyper.clip_norm ? hyper.clip_norm / norm : 1);
  const double share = static_cast<double>(t) / static_cast<double>(plan_.decay_steps);
  const float rate = static_cast<float>(hyper.learning_rate * std::pow(hyper.lr_decay, share));
  const float momentum = static_cast<float>(hyper.momentum);
  bool finite = true;
  for (size_t i = 0; i < count; ++i) {
    v[i] = momentum * v[i] + scale * (gradient[i] + decay * theta[i]);
    theta[i] -= rate * v[i];
    finite &= std::isfinite(theta[i]) && std::isfinite(v[i]);
  }
  return finite;
}

class ReferenceEngine final : public Engine {
 public:
  explicit ReferenceEngine(Limits limits) : limits_(limits) {}

  absl::string_view name() const override { return kReferenceEngine; }

  int64_t MemoryBytes(const Plan& plan, absl::Span<const Member> pack, int threads) const override {
    int64_t largest = 0;
    for (const Member& member : pack) {
      largest = std::max(largest, int64_t{member.cell.gates()} * member.cell.units);
    }
    return largest * plan.task->steps() * plan.batch_size * kTensorsPerGateAndStep *
           int64_t{sizeof(float)} * std::min<int64_t>(threads, pack.size());
  }

  absl::StatusOr<std::vector<Outcome>> Train(const Plan& plan, absl::Span<const Member> pack,
                                             int threads, Observer& observer) override {
    if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
    if (absl::Status status = CheckFp32(plan, name()); !status.ok()) return status;
    const std::vector<Batch> validation = ValidationBatches(plan);
    return TrainPack(*this, limits_, plan, pack, threads, observer, [&](const Member& member) {
      SetArithmetic();
      return std::make_unique<ReferenceLearner>(plan, member, validation);
    });
  }

 private:
  const Limits limits_;
};

}  // namespace

std::unique_ptr<Engine> MakeReferenceEngine(Limits limits) {
  return std::make_unique<ReferenceEngine>(limits);
}

}  // namespace rnnfarm::engine
