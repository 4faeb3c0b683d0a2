// A population in plain numbers: what is compiled for a device, behind what the engine knows
// (cuda_population.cc). Includes nothing that a device's compiler would stumble over.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_PARTS_H_
#define RNNFARM_WORKER_ENGINE_CUDA_PARTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/trial_source.h"

namespace rnnfarm::engine::cuda {

class Parts {
 public:
  virtual ~Parts() = default;
  virtual void Load(int64_t slot, const float* parameters, const float* velocity) = 0;
  virtual void Save(int64_t slot, float* parameters, float* velocity) = 0;
  // One for each slot.
  virtual void SetSlots(const std::vector<Slot>& slots) = 0;
  // Waits.
  virtual std::vector<Slot> Slots() = 0;
  virtual void Iterate(const std::vector<int32_t>& active, int64_t count, int steps) = 0;
  // Sums over the validation set of mask · (y - target)².
  virtual std::vector<double> ValidationSquares() = 0;
};

// Where trials come from. Vectors are read while Parts are made; null or empty: none.
struct Trials {
  TrialSource source;  // but for its pointers
  bool masked = false;
  const std::vector<float>*x = nullptr, *y = nullptr, *mask = nullptr;  // of a data set
  // (trials, T, M) and (trials, T, K).
  const std::vector<float>*validation_x = nullptr, *validation_y = nullptr,
        *validation_mask = nullptr;
};

// How products round their factors.
enum class Rounding { kFp32, kTf32, kBf16 };

// Makes Parts of slots.size() networks; throws like population.h.
using MakeParts = std::unique_ptr<Parts> (*)(int device, const Layout& layout, Rounding rounding,
                                             const Trials& trials, std::vector<Slot> slots);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_PARTS_H_
