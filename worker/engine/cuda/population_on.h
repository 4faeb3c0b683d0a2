// A population on a machine: its memory, and what is launched in which order.
//
// A Machine (CudaMachine; on the processor for tests) has what sequence.h asks for and
//   template <class T> T* Allocate(int64_t count);   all zero, its own; std::bad_alloc
//   template <class T> void Upload(T* to, const T* from, int64_t count);
//   template <class T> void Download(T* to, const T* from, int64_t count);   waits
//   template <class F> void Replay(int key, F launches);   the launches of `key`, recorded once
#ifndef RNNFARM_WORKER_ENGINE_CUDA_POPULATION_ON_H_
#define RNNFARM_WORKER_ENGINE_CUDA_POPULATION_ON_H_

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "worker/engine/cuda/draw.h"
#include "worker/engine/cuda/iteration.h"
#include "worker/engine/cuda/parts.h"
#include "worker/engine/cuda/sequence.h"

namespace rnnfarm::engine::cuda {

template <class Machine>
class PopulationOn final : public Parts {
 public:
  // `draw` is Draw<Machine>, compiled where it has to be.
  using DrawFunction = void (*)(Machine& machine, const Layout& layout, const Arrays& arrays,
                                const TrialSource& source, int64_t slots, int steps);

  PopulationOn(std::unique_ptr<Machine> machine, const Layout& layout, Sequence<Machine> sequence,
               DrawFunction draw, const Trials& trials, std::vector<Slot> slots)
      : machine_(std::move(machine)),
        layout_(layout),
        sequence_(sequence),
        draw_(draw),
        slots_(static_cast<int64_t>(slots.size())),
        source_(trials.source) {
    const bool masked = trials.masked;
    Allocate(masked);
    machine_->Upload(arrays_.slots, slots.data(), slots_);
    machine_->Launch(WriteOnes{layout_, arrays_}, slots_, 0);
    validation_.x = Uploaded(trials.validation_x);
    validation_.y = Uploaded(trials.validation_y);
    if (masked) validation_.mask = Uploaded(trials.validation_mask);
    source_.x = Uploaded(trials.x);
    source_.y = Uploaded(trials.y);
    source_.mask = Uploaded(trials.mask);
  }

  void Load(int64_t slot, const float* parameters, const float* velocity) override {
    const int64_t count = layout_.parameter_count();
    machine_->Upload(arrays_.parameters + slot * count, parameters, count);
    machine_->Upload(arrays_.velocity + slot * count, velocity, count);
    placed_ = false;
  }

  void Save(int64_t slot, float* parameters, float* velocity) override {
    const int64_t count = layout_.parameter_count();
    machine_->Download(parameters, arrays_.parameters + slot * count, count);
    machine_->Download(velocity, arrays_.velocity + slot * count, count);
  }

  void SetSlots(const std::vector<Slot>& slots) override {
    machine_->Upload(arrays_.slots, slots.data(), slots_);
  }

  std::vector<Slot> Slots() override {
    std::vector<Slot> slots(slots_);
    machine_->Download(slots.data(), arrays_.slots, slots_);
    return slots;
  }

  void Iterate(const std::vector<int32_t>& active, int64_t count, int steps) override {
    Begin(active);
    for (int64_t i = 0; i < count; ++i) {
      machine_->Replay(steps, [&] {
        draw_(*machine_, layout_, arrays_, source_, slots_, steps);
        sequence_.forward(*machine_, layout_, arrays_, slots_, steps);
        machine_->Launch(Errors{layout_, arrays_, steps, layout_.batch, layout_.output_slot()},
                         slots_ * kLossParts, Errors::kSharedFloats);
        sequence_.backward(*machine_, layout_, arrays_, slots_, steps);
        machine_->Launch(ReadoutGradient{layout_, arrays_, steps}, slots_ * kSegments, 0);
        machine_->Launch(Update{layout_, arrays_, steps}, slots_, Update::kSharedFloats);
      });
    }
  }

  std::vector<double> ValidationSquares() override {
    Begin(std::vector<int32_t>(slots_, 1));
    Arrays arrays = arrays_;
    arrays.noise = nullptr;
    std::vector<double> sums(slots_);
    for (int first = 0; first < layout_.validation; first += layout_.batch) {
      const int rows = std::min(layout_.batch, layout_.validation - first);
      const int64_t at = int64_t{first} * layout_.steps * layout_.outputs;
      arrays.target = validation_.y + at;
      arrays.mask = validation_.mask == nullptr ? nullptr : validation_.mask + at;
      machine_->Launch(CopyInputs{layout_, arrays, validation_.x, slots_, first, rows},
                       CopyInputs::Blocks(layout_, slots_), 0);
      sequence_.forward(*machine_, layout_, arrays, slots_, layout_.steps);
      machine_->Launch(Errors{layout_, arrays, layout_.steps, rows, 0}, slots_ * kLossParts,
                       Errors::kSharedFloats);
      machine_->Launch(CollectSquares{arrays}, slots_, 0);
      const std::vector<Slot> slots = Slots();
      for (int64_t slot = 0; slot < slots_; ++slot) sums[slot] += slots[slot].squares;
    }
    return sums;
  }

 private:
  struct Validation {
    float *x = nullptr, *y = nullptr, *mask = nullptr;
  };

  void Allocate(bool masked) {
    const Layout& l = layout_;
    const auto floats = [this](int64_t count, bool needed = true) {
      return needed ? machine_->template Allocate<float>(slots_ * count) : nullptr;
    };
    arrays_.slots = machine_->template Allocate<Slot>(slots_);
    arrays_.active = machine_->template Allocate<int32_t>(slots_);
    arrays_.parameters = floats(l.parameter_count());
    arrays_.velocity = floats(l.parameter_count());
    arrays_.weights = floats(l.weights_size());
    arrays_.gradient = floats(l.weights_size());
    arrays_.state = floats(l.state_slot());
    arrays_.gates = floats(l.gates_slot(), l.keeps_gates());
    arrays_.reset = floats(l.state_slot(), l.resets());
    arrays_.cell = floats(l.cell_slot(), l.has_cell);
    arrays_.noise = floats(l.noise_slot(), l.deviation > 0);
    arrays_.target = floats(l.output_slot());
    arrays_.mask = floats(l.output_slot(), masked);
    arrays_.error = floats(l.output_slot());
    arrays_.carry = floats(l.unit_slot(), !l.resident);
    arrays_.cell_carry = floats(l.unit_slot(), l.has_cell && !l.resident);
    arrays_.product = floats(l.unit_slot(), l.resets() && !l.resident);
    arrays_.loss_parts = machine_->template Allocate<double>(slots_ * kLossParts);
    arrays_.readout_segments = floats(int64_t{kSegments} * l.outputs * l.row);
  }

  // Null for nothing.
  float* Uploaded(const std::vector<float>* values) {
    if (values == nullptr || values->empty()) return nullptr;
    float* to = machine_->template Allocate<float>(values->size());
    machine_->Upload(to, values->data(), static_cast<int64_t>(values->size()));
    return to;
  }

  void Begin(const std::vector<int32_t>& active) {
    machine_->Upload(arrays_.active, active.data(), slots_);
    if (placed_) return;
    machine_->Launch(PlaceParameters{layout_, arrays_}, slots_, 0);
    placed_ = true;
  }

  const std::unique_ptr<Machine> machine_;
  const Layout layout_;
  const Sequence<Machine> sequence_;
  const DrawFunction draw_;
  const int64_t slots_;
  TrialSource source_;
  Arrays arrays_;
  Validation validation_;
  bool placed_ = false;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_POPULATION_ON_H_
