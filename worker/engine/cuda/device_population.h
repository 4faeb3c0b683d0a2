// A population, as the engine knows it, of Parts.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_DEVICE_POPULATION_H_
#define RNNFARM_WORKER_ENGINE_CUDA_DEVICE_POPULATION_H_

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "worker/engine/cuda/parts.h"
#include "worker/engine/cuda/population.h"

namespace rnnfarm::engine::cuda {

class DevicePopulation final : public Population {
 public:
  // Of members with one and the same cell, in `slots` >= members.size() slots; those beyond stand
  // still. `validation` is ValidationTrials(plan); it and the plan outlive the constructor alone.
  DevicePopulation(MakeParts make, int device, const Plan& plan, const Layout& layout,
                   absl::Span<const Member> members, int64_t slots, const task::Trials& validation);

  void Load(int slot, const std::vector<float>& parameters,
            const std::vector<float>& velocity) override;
  void SetPendingLoss(int slot, double pending_loss) override;
  void Iterate(const std::vector<uint8_t>& active, int64_t t, int64_t count, int steps) override;
  std::vector<Standing> Standings() override;
  std::vector<double> ValidationLosses() override;
  void Save(int slot, Checkpoint& checkpoint) override;

 private:
  // What the device has of the slots, to be changed and handed back.
  std::vector<Slot>& Current();

  const Layout layout_;
  const size_t members_;
  const double validation_values_;  // in the mean
  std::unique_ptr<Parts> parts_;
  std::vector<Slot> slots_;
  bool stale_ = false;    // slots_, since the device went on
  bool changed_ = false;  // slots_, and the device does not know
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_DEVICE_POPULATION_H_
