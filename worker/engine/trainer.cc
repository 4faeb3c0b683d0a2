#include "worker/engine/trainer.h"

#include <algorithm>
#include <cmath>

#include "worker/engine/plan_check.h"
#include "worker/rnn/cell.h"

namespace rnnfarm::engine {

namespace {

using Clock = std::chrono::steady_clock;

// Trials of one forward pass over the validation set: bounds its memory.
constexpr int kValidationBatch = 64;
// The observer is asked at least this often, so that a slow network can be stopped too.
constexpr double kLongestSilenceSeconds = 2;

double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

}  // namespace

double MeanLoss(const rnn::CellSpec& spec, const torch::Tensor& flat,
                const std::vector<Batch>& batches) {
  const torch::NoGradGuard no_gradient;
  double sum = 0;
  int64_t trials = 0;
  for (const Batch& batch : batches) {
    const int64_t count = batch.x.size(1);
    sum += SequenceLoss(spec, flat, batch).item<double>() * static_cast<double>(count);
    trials += count;
  }
  return sum / static_cast<double>(trials);
}

std::vector<Batch> ValidationBatches(const Plan& plan) {
  const task::Trials trials =
      plan.task->Generate(base::DeriveStream(plan.base_seed, "", "validation"), 0,
                          plan.validation_trials, plan.task->steps());
  std::vector<Batch> batches;
  for (int first = 0; first < trials.count; first += kValidationBatch) {
    batches.push_back(BatchOf(trials, first, std::min(kValidationBatch, trials.count - first)));
  }
  return batches;
}

Trainer::Trainer(const Plan& plan, const Member& member, size_t index,
                 const std::vector<Batch>& validation, Observer& observer)
    : plan_(plan),
      member_(member),
      index_(index),
      validation_(validation),
      observer_(observer),
      trial_key_(base::DeriveStream(plan.base_seed, member.stream_key, "trials")),
      noise_key_(base::DeriveStream(plan.base_seed, member.stream_key, "noise")),
      now_(member.start),
      begin_(Clock::now()),
      reported_(begin_),
      reported_iteration_(member.start.iteration) {
  if (now_.parameters.empty()) {
    now_.parameters = InitialParameters(plan.base_seed, member.stream_key, member.cell);
    now_.velocity.assign(now_.parameters.size(), 0.0f);
  }
  parameters_ =
      torch::tensor(torch::ArrayRef<float>(now_.parameters.data(), now_.parameters.size()));
}

Outcome Trainer::Run() {
  // The first point of every curve: the untrained network on the validation set, as both losses.
  if (now_.loss_curve.empty()) {
    const double loss = ValidationLoss();
    if (!std::isfinite(loss)) return Diverge();
    now_.loss_curve.push_back({0, loss, loss});
  }
  while (now_.iteration < member_.until_iteration) {
    if (!Iterate()) return Diverge();
    if (!Record()) return Diverge();
    const bool go_on = Report();
    if (now_.iteration == member_.until_iteration) break;
    if (!go_on) return End(Ending::kStopped);
    if (now_.iteration % plan_.checkpoint_every == 0) {
      Snapshot();
      observer_.OnCheckpoint(index_, now_);
    }
  }
  return End(Ending::kTrained);
}

bool Trainer::Iterate() {
  const int64_t t = now_.iteration;
  const int steps = StepsAt(plan_, t);
  const uint64_t substream = static_cast<uint64_t>(t) * plan_.batch_size;
  Batch batch = BatchOf(plan_.task->Generate(trial_key_, substream, plan_.batch_size, steps), 0,
                        plan_.batch_size);
  const rnn::CellSpec& cell = member_.cell;
  if (cell.architecture == rnn::Architecture::kLeaky && cell.noise > 0) {
    batch.noise = NoiseOf(noise_key_, substream, steps, plan_.batch_size, cell.units, cell.noise);
  }
  const LossAndGradient result = GradientByAutograd(cell, parameters_, batch);
  if (!std::isfinite(result.loss)) return false;
  if (!Update(result.gradient.contiguous().data_ptr<float>())) return false;
  now_.pending_loss += result.loss;
  ++now_.iteration;
  return true;
}

bool Trainer::Update(const float* gradient) {
  float* theta = parameters_.data_ptr<float>();
  float* v = now_.velocity.data();
  const size_t count = now_.velocity.size();
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
  const double share = static_cast<double>(now_.iteration) / static_cast<double>(plan_.decay_steps);
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

// Which points there are, and what they hold, must not depend on where training was cut: a curve
// has one at 0, at each logging interval and checkpoint, and at the end of the whole schedule.
bool Trainer::Record() {
  const int64_t t = now_.iteration;
  const bool validate = t % plan_.checkpoint_every == 0 || t == plan_.iterations;
  record_due_ = validate || t % plan_.log_every == 0;
  if (!record_due_) return true;
  const rnn::LossPoint before = now_.loss_curve.back();
  rnn::LossPoint point{t, now_.pending_loss / static_cast<double>(t - before.iteration),
                       validate ? ValidationLoss() : before.validation_loss};
  if (!std::isfinite(point.train_loss) || !std::isfinite(point.validation_loss)) return false;
  now_.loss_curve.push_back(point);
  now_.pending_loss = 0;
  return true;
}

bool Trainer::Report() {
  const double seconds = SecondsSince(reported_);
  if (!record_due_ && seconds < kLongestSilenceSeconds) return true;
  const int64_t t = now_.iteration;
  const rnn::LossPoint& last = now_.loss_curve.back();
  Progress progress;
  progress.iteration = t;
  progress.loss = t == last.iteration ? last.train_loss
                                      : now_.pending_loss / static_cast<double>(t - last.iteration);
  if (seconds > 0) {
    progress.iterations_per_second = static_cast<double>(t - reported_iteration_) / seconds;
  }
  reported_ = Clock::now();
  reported_iteration_ = t;
  return observer_.OnProgress(index_, progress);
}

void Trainer::Snapshot() {
  const float* values = parameters_.data_ptr<float>();
  now_.parameters.assign(values, values + parameters_.numel());
}

double Trainer::ValidationLoss() const { return MeanLoss(member_.cell, parameters_, validation_); }

Outcome Trainer::End(Ending ending) {
  Snapshot();
  const rnn::LossPoint& last = now_.loss_curve.back();
  const bool measured =
      now_.iteration == last.iteration &&
      (now_.iteration % plan_.checkpoint_every == 0 || now_.iteration == plan_.iterations);
  // Only what ends is measured and judged: a stopped network goes on, and what it then comes to
  // must not depend on having been stopped.
  const bool known = measured || ending == Ending::kStopped;
  Outcome outcome;
  outcome.ending = ending;
  outcome.validation_loss = known ? last.validation_loss : ValidationLoss();
  // Iterations between two measurements can overflow float32 without being seen.
  if (!std::isfinite(outcome.validation_loss)) return Diverge();
  outcome.last = std::move(now_);
  outcome.seconds = SecondsSince(begin_);
  return outcome;
}

// Told by the loss curve, which is the same wherever training was cut; the parameters in memory at
// some earlier iteration are not.
Outcome Trainer::Diverge() {
  Outcome outcome;
  outcome.ending = Ending::kDiverged;
  outcome.diverged_at = now_.iteration;
  outcome.last.loss_curve = std::move(now_.loss_curve);
  if (!outcome.last.loss_curve.empty()) {
    const rnn::LossPoint& last = outcome.last.loss_curve.back();
    outcome.last.iteration = last.iteration;
    outcome.validation_loss = last.validation_loss;
    outcome.last_finite_loss = last.train_loss;
  }
  outcome.seconds = SecondsSince(begin_);
  return outcome;
}

}  // namespace rnnfarm::engine
