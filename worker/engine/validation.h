// What networks are judged by.
#ifndef RNNFARM_WORKER_ENGINE_VALIDATION_H_
#define RNNFARM_WORKER_ENGINE_VALIDATION_H_

#include "worker/engine/engine.h"

namespace rnnfarm::engine {

// The validation set: full trials, the same for every network of the plan's task and base seed.
task::Trials ValidationTrials(const Plan& plan);

// Validation loss of a network that answers 0: the mean over trials, time and outputs of
// mask · target².
double ZeroOutputLoss(const Plan& plan);

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_VALIDATION_H_
