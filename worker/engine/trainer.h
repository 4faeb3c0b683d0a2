// One network from its start to its end, on the calling thread.
#ifndef RNNFARM_WORKER_ENGINE_TRAINER_H_
#define RNNFARM_WORKER_ENGINE_TRAINER_H_

#include "worker/engine/course.h"
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
  bool Record();

  Learner& learner_;
  Course course_;
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_TRAINER_H_
