// What a network that has learnt nothing would score.
#ifndef RNNFARM_WORKER_RUNTIME_ZERO_OUTPUT_H_
#define RNNFARM_WORKER_RUNTIME_ZERO_OUTPUT_H_

#include "worker/engine/engine.h"

namespace rnnfarm::worker {

// Validation loss of a network that answers 0: the mean over trials, time and outputs of
// mask · target² on the plan's validation set, the same trials that networks are judged by.
double ZeroOutputLoss(const engine::Plan& plan);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_ZERO_OUTPUT_H_
