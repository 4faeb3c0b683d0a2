// One network's way through its schedule, without its arithmetic: which points its loss curve gets,
// what its observer is told, and how it ends.
//
//   Course course(plan, member, index, observer);
//   for (;;) {
//     if (!course.Record(course.validation_due() ? … : 0)) return course.Diverge(…);
//     if (auto ending = course.Report()) { …save into course.checkpoint()…; return course.End(…); }
//     if (course.checkpoint_due()) { …save into course.checkpoint()…; course.OfferCheckpoint(); }
//     …iterate…
//     course.Advance(…);
//   }
#ifndef RNNFARM_WORKER_ENGINE_COURSE_H_
#define RNNFARM_WORKER_ENGINE_COURSE_H_

#include <chrono>
#include <optional>

#include "worker/engine/engine.h"

namespace rnnfarm::engine {

class Course {
 public:
  // `plan`, `member` and `observer` outlive it; `index` is what the observer is told.
  Course(const Plan& plan, const Member& member, size_t index, Observer& observer);

  // Done.
  int64_t iteration() const { return now_.iteration; }
  // Sum of training losses since the last point of the curve.
  double pending_loss() const { return now_.pending_loss; }
  // The first iteration after this one at which Record, Report or OfferCheckpoint has something to
  // do: no more than this may be advanced at once.
  int64_t NextDue() const;

  // `iterations` of one stage of the curriculum are done, up to NextDue() at most; `pending_loss`
  // is now what pending_loss() tells.
  void Advance(int64_t iterations, double pending_loss);

  // Record needs the validation loss here.
  bool validation_due() const;
  // Adds the point that is due, if one is. False: not finite, the member diverged here.
  bool Record(double validation_loss);

  // Tells the observer how far it is, where a point has been recorded or it has long heard nothing.
  // How the member ends, where it ends here.
  std::optional<Ending> Report();

  // A checkpoint is to be saved here and offered to the observer.
  bool checkpoint_due() const { return checkpoint_due_; }
  // For parameters and velocity to be saved into.
  Checkpoint& checkpoint() { return now_; }
  void OfferCheckpoint();

  // One of them ends it. End expects a saved checkpoint; its outcome is kDiverged where what has
  // been trained turns out not to be finite.
  Outcome End(Ending ending);
  // `diverged_at`: of the iteration whose loss or update was not finite, or iteration() where a
  // point of the curve is not.
  Outcome Diverge(int64_t diverged_at);

 private:
  bool at_end() const { return now_.iteration == member_.until_iteration; }
  // Points of the curve at `t` hold a validation loss of their own.
  bool ValidatedAt(int64_t t) const;
  // The curve's last point is the validation loss of here.
  bool measured() const;

  const Plan& plan_;
  const Member& member_;
  const size_t index_;
  Observer& observer_;
  // Its parameters and velocity only where they are asked for.
  Checkpoint now_;
  // Of this iteration, and not done yet.
  bool record_due_ = false, report_due_ = false, checkpoint_due_ = false;
  // Of here, where the member ends without a point of the curve.
  double last_validation_loss_ = 0;
  const std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point reported_;
  // Since the last report.
  int64_t iterations_ = 0;
  double operations_ = 0;
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_COURSE_H_
