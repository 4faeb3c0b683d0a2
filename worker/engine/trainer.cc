#include "worker/engine/trainer.h"

#include <algorithm>
#include <cmath>

#include "worker/engine/plan_check.h"

namespace rnnfarm::engine {

namespace {

using Clock = std::chrono::steady_clock;

// The observer is asked at least this often, so that a slow network can be stopped too.
constexpr double kLongestSilenceSeconds = 2;

double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

}  // namespace

Trainer::Trainer(const Plan& plan, const Member& member, size_t index, Learner& learner,
                 Observer& observer)
    : plan_(plan),
      member_(member),
      index_(index),
      learner_(learner),
      observer_(observer),
      now_(member.start),
      begin_(Clock::now()),
      reported_(begin_) {}

Outcome Trainer::Run() {
  // The first point of every curve: the untrained network on the validation set, as both losses.
  if (now_.loss_curve.empty()) {
    const double loss = learner_.ValidationLoss();
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
      learner_.Save(now_);
      observer_.OnCheckpoint(index_, now_);
    }
  }
  return End(Ending::kTrained);
}

bool Trainer::Iterate() {
  const int64_t t = now_.iteration;
  const std::optional<double> loss = learner_.Iterate(t);
  if (!loss.has_value()) return false;
  now_.pending_loss += *loss;
  ++now_.iteration;
  ++iterations_;
  operations_ += UsefulOperations(member_.cell, plan_.batch_size, StepsAt(plan_, t));
  return true;
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
                       validate ? learner_.ValidationLoss() : before.validation_loss};
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
    progress.iterations_per_second = static_cast<double>(iterations_) / seconds;
    progress.operations_per_second = operations_ / seconds;
  }
  reported_ = Clock::now();
  iterations_ = 0;
  operations_ = 0;
  return observer_.OnProgress(index_, progress);
}

Outcome Trainer::End(Ending ending) {
  learner_.Save(now_);
  const rnn::LossPoint& last = now_.loss_curve.back();
  const bool measured =
      now_.iteration == last.iteration &&
      (now_.iteration % plan_.checkpoint_every == 0 || now_.iteration == plan_.iterations);
  // Only what ends is measured and judged: a stopped network goes on, and what it then comes to
  // must not depend on having been stopped.
  const bool known = measured || ending == Ending::kStopped;
  Outcome outcome;
  outcome.ending = ending;
  outcome.validation_loss = known ? last.validation_loss : learner_.ValidationLoss();
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
