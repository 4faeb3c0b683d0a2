// One network's arithmetic, as the trainer's schedule uses it.
#ifndef RNNFARM_WORKER_ENGINE_LEARNER_H_
#define RNNFARM_WORKER_ENGINE_LEARNER_H_

#include <optional>

#include "worker/engine/engine.h"

namespace rnnfarm::engine {

class Learner {
 public:
  virtual ~Learner() = default;
  // The trials of iteration `t`, their gradient, and the update. The loss before the update,
  // without L2; nothing where it or a parameter is no longer finite.
  virtual std::optional<double> Iterate(int64_t t) = 0;
  // Mean loss over the validation set, without L2.
  virtual double ValidationLoss() = 0;
  // Copies parameters and velocity.
  virtual void Save(Checkpoint& checkpoint) const = 0;
};

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_LEARNER_H_
