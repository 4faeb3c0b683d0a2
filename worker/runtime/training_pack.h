// Training of the networks of one pack, side by side, each reported by itself.
#ifndef RNNFARM_WORKER_RUNTIME_TRAINING_PACK_H_
#define RNNFARM_WORKER_RUNTIME_TRAINING_PACK_H_

#include <vector>

#include "worker/runtime/device_slots.h"
#include "worker/runtime/job.h"

namespace rnnfarm::worker {

// Training or search jobs with equal PackKey. Blocks until each has ended in one way or another.
// `place`: where devices train, the pack's place among those that wait for them.
void RunTrainingPack(const std::vector<v1::Lease>& leases, Workplace& workplace,
                     DeviceSlots::Place* place = nullptr);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_TRAINING_PACK_H_
