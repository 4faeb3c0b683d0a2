#include "worker/engine/course.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "worker/engine/plan_check.h"

namespace rnnfarm::engine {

namespace {

using Clock = std::chrono::steady_clock;

// The observer is asked at least this often, so that a slow network can be stopped too.
constexpr double kLongestSilenceSeconds = 2;

double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

int64_t NextMultiple(int64_t of, int64_t after) { return (after / of + 1) * of; }

}  // namespace

Course::Course(const Plan& plan, const Member& member, size_t index, Observer& observer)
    : plan_(plan),
      member_(member),
      index_(index),
      observer_(observer),
      now_(member.start),
      begin_(Clock::now()),
      reported_(begin_) {}

int64_t Course::NextDue() const {
  const int64_t t = now_.iteration;
  return std::min({NextMultiple(plan_.log_every, t), NextMultiple(plan_.checkpoint_every, t),
                   member_.until_iteration});
}

void Course::Advance(int64_t iterations, double pending_loss) {
  const int steps = StepsAt(plan_, now_.iteration);
  operations_ +=
      static_cast<double>(iterations) * UsefulOperations(member_.cell, plan_.batch_size, steps);
  iterations_ += iterations;
  now_.iteration += iterations;
  now_.pending_loss = pending_loss;
  const int64_t t = now_.iteration;
  record_due_ = report_due_ = ValidatedAt(t) || t % plan_.log_every == 0;
  checkpoint_due_ = t % plan_.checkpoint_every == 0;
}

bool Course::ValidatedAt(int64_t t) const {
  return t % plan_.checkpoint_every == 0 || t == plan_.iterations;
}

bool Course::measured() const {
  return !now_.loss_curve.empty() && now_.loss_curve.back().iteration == now_.iteration &&
         ValidatedAt(now_.iteration);
}

// Only what ends is measured and judged beside its points: a stopped network goes on, and what it
// then comes to must not depend on having been stopped.
bool Course::validation_due() const {
  return now_.loss_curve.empty() || (record_due_ && ValidatedAt(now_.iteration)) ||
         (at_end() && !measured());
}

// Which points there are, and what they hold, must not depend on where training was cut: a curve
// has one at 0, at each logging interval and checkpoint, and at the end of the whole schedule.
bool Course::Record(double validation_loss) {
  last_validation_loss_ = validation_loss;
  const int64_t t = now_.iteration;
  if (now_.loss_curve.empty()) {
    // The untrained network on the validation set, as both losses.
    if (!std::isfinite(validation_loss)) return false;
    now_.loss_curve.push_back({0, validation_loss, validation_loss});
    return true;
  }
  if (!record_due_) return true;
  const rnn::LossPoint before = now_.loss_curve.back();
  const rnn::LossPoint point{t, now_.pending_loss / static_cast<double>(t - before.iteration),
                             ValidatedAt(t) ? validation_loss : before.validation_loss};
  if (!std::isfinite(point.train_loss) || !std::isfinite(point.validation_loss)) return false;
  now_.loss_curve.push_back(point);
  now_.pending_loss = 0;
  record_due_ = false;
  return true;
}

std::optional<Ending> Course::Report() {
  const std::optional<Ending> end = at_end() ? std::optional(Ending::kTrained) : std::nullopt;
  const double seconds = SecondsSince(reported_);
  if (!report_due_ && seconds < kLongestSilenceSeconds) return end;
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
  report_due_ = false;
  if (observer_.OnProgress(index_, progress) || end.has_value()) return end;
  return Ending::kStopped;
}

void Course::OfferCheckpoint() {
  checkpoint_due_ = false;
  observer_.OnCheckpoint(index_, now_);
}

Outcome Course::End(Ending ending) {
  const bool known = measured() || ending == Ending::kStopped;
  Outcome outcome;
  outcome.ending = ending;
  outcome.validation_loss = known ? now_.loss_curve.back().validation_loss : last_validation_loss_;
  // Iterations between two measurements can overflow float32 without being seen.
  if (!std::isfinite(outcome.validation_loss)) return Diverge(now_.iteration);
  outcome.last = std::move(now_);
  outcome.seconds = SecondsSince(begin_);
  return outcome;
}

// Told by the loss curve, which is the same wherever training was cut; the parameters in memory at
// some earlier iteration are not.
Outcome Course::Diverge(int64_t diverged_at) {
  Outcome outcome;
  outcome.ending = Ending::kDiverged;
  outcome.diverged_at = diverged_at;
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
