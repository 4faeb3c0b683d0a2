// The networks of a pack that are on one device at the same time, one slot each. What a slot comes
// to depends on its own member alone.
//
// Failures are exceptions: std::bad_alloc where the device's memory is too small, anything else of
// std::exception where the device failed.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_POPULATION_H_
#define RNNFARM_WORKER_ENGINE_CUDA_POPULATION_H_

#include <cstdint>
#include <vector>

#include "worker/engine/engine.h"

namespace rnnfarm::engine::cuda {

// How a slot stands.
struct Standing {
  double pending_loss = 0;   // that of SetPendingLoss and all training losses since, in order
  int64_t diverged_at = -1;  // the first iteration whose loss or update was not finite; -1: none
};

class Population {
 public:
  virtual ~Population() = default;
  // Of the slot, by rnn::ParameterLayout.
  virtual void Load(int slot, const std::vector<float>& parameters,
                    const std::vector<float>& velocity) = 0;
  virtual void SetPendingLoss(int slot, double pending_loss) = 0;
  // Iterations t … t + count - 1, of `steps` steps each, of the slots whose `active` is 1; the
  // others stay as they are. A slot that has diverged stands still. May return before it is done.
  virtual void Iterate(const std::vector<uint8_t>& active, int64_t t, int64_t count, int steps) = 0;
  // Waits until the device is done. One for each slot.
  virtual std::vector<Standing> Standings() = 0;
  // Mean loss of every slot over the validation set, without L2.
  virtual std::vector<double> ValidationLosses() = 0;
  // Copies parameters and velocity.
  virtual void Save(int slot, Checkpoint& checkpoint) = 0;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_POPULATION_H_
