// One network from its start to its end, on the calling thread.
#ifndef RNNFARM_WORKER_ENGINE_TRAINER_H_
#define RNNFARM_WORKER_ENGINE_TRAINER_H_

#include <chrono>

#include "worker/engine/engine.h"
#include "worker/engine/learner.h"

namespace rnnfarm::engine {

// Trains `member`; `index` is what the observer is told. The result depends on (plan, member)
// alone: everything that an iteration needs is a function of its number and of the checkpoint.
class Trainer {
 public:
  // All of the arguments outlive the trainer; `learner` stands where `member` starts.
  Trainer(const Plan& plan, const Member& member, size_t index, Learner& learner,
          Observer& observer);
  Outcome Run();

 private:
  // False: the loss or a parameter is no longer finite.
  bool Iterate();
  // Adds the point of the loss curve that is due now, if one is. False: not finite.
  bool Record();
  // False: the observer wants this member stopped.
  bool Report();
  Outcome End(Ending ending);
  Outcome Diverge();

  const Plan& plan_;
  const Member& member_;
  const size_t index_;
  Learner& learner_;
  Observer& observer_;
  // Its parameters and velocity only where they are asked for.
  Checkpoint now_;
  bool record_due_ = false;
  const std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point reported_;
  // Since the last report.
  int64_t iterations_ = 0;
  double operations_ = 0;
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_TRAINER_H_
