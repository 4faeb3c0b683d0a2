#include "worker/engine/trainer.h"

#include <optional>

namespace rnnfarm::engine {

Trainer::Trainer(const Plan& plan, const Member& member, size_t index, Learner& learner,
                 Observer& observer)
    : learner_(learner), course_(plan, member, index, observer) {}

Outcome Trainer::Run() {
  while (Record()) {
    if (const std::optional<Ending> ending = course_.Report(); ending.has_value()) {
      learner_.Save(course_.checkpoint());
      return course_.End(*ending);
    }
    if (course_.checkpoint_due()) {
      learner_.Save(course_.checkpoint());
      course_.OfferCheckpoint();
    }
    if (!Iterate()) break;
  }
  return course_.Diverge(course_.iteration());
}

bool Trainer::Record() {
  return course_.Record(course_.validation_due() ? learner_.ValidationLoss() : 0);
}

bool Trainer::Iterate() {
  const std::optional<double> loss = learner_.Iterate(course_.iteration());
  if (!loss.has_value()) return false;
  course_.Advance(1, course_.pending_loss() + *loss);
  return true;
}

}  // namespace rnnfarm::engine
