#include "worker/engine/cuda/device_population.h"

#include <variant>

#include "base/random_stream.h"

namespace rnnfarm::engine::cuda {

namespace {

Slot SlotOf(const Plan& plan, const Member& member) {
  Slot slot;
  slot.trials = base::DeriveStream(plan.base_seed, member.stream_key, "trials");
  slot.noise = base::DeriveStream(plan.base_seed, member.stream_key, "noise");
  slot.learning_rate = member.hyperparameters.learning_rate;
  slot.lr_decay = member.hyperparameters.lr_decay;
  slot.decay_steps = static_cast<double>(plan.decay_steps);
  slot.clip_norm = member.hyperparameters.clip_norm;
  slot.l2 = member.l2;
  slot.momentum = static_cast<float>(member.hyperparameters.momentum);
  slot.iteration = member.start.iteration;
  return slot;
}

Trials TrialsOf(const Plan& plan, const task::Trials& validation) {
  Trials trials;
  trials.source = SourceOf(*plan.task);
  trials.masked = !validation.mask.empty();
  const task::TrialRecipe recipe = plan.task->recipe();
  if (const auto* dataset = std::get_if<const task::Trials*>(&recipe)) {
    trials.x = &(*dataset)->x;
    trials.y = &(*dataset)->y;
    trials.mask = &(*dataset)->mask;
  }
  trials.validation_x = &validation.x;
  trials.validation_y = &validation.y;
  trials.validation_mask = &validation.mask;
  return trials;
}

Rounding RoundingOf(Precision precision) {
  switch (precision) {
    case Precision::kTf32:
      return Rounding::kTf32;
    case Precision::kBf16:
      return Rounding::kBf16;
    case Precision::kFp32:
      break;
  }
  return Rounding::kFp32;
}

}  // namespace

DevicePopulation::DevicePopulation(MakeParts make, int device, const Plan& plan,
                                   const Layout& layout, absl::Span<const Member> members,
                                   int64_t slots, const task::Trials& validation)
    : layout_(layout),
      members_(members.size()),
      validation_values_(static_cast<double>(validation.y.size())),
      slots_(static_cast<size_t>(slots)) {
  for (size_t i = 0; i < members.size(); ++i) slots_[i] = SlotOf(plan, members[i]);
  parts_ = make(device, layout, RoundingOf(plan.precision), TrialsOf(plan, validation), slots_);
}

void DevicePopulation::Load(int slot, const std::vector<float>& parameters,
                            const std::vector<float>& velocity) {
  parts_->Load(slot, parameters.data(), velocity.data());
}

std::vector<Slot>& DevicePopulation::Current() {
  if (stale_) slots_ = parts_->Slots();
  stale_ = false;
  return slots_;
}

void DevicePopulation::SetPendingLoss(int slot, double pending_loss) {
  Current()[slot].pending_loss = pending_loss;
  changed_ = true;
}

void DevicePopulation::Iterate(const std::vector<uint8_t>& active, int64_t t, int64_t count,
                               int steps) {
  // The device counts for itself; what it is told here can only be where it is.
  for (size_t i = 0; i < active.size(); ++i) {
    if (active[i] != 0 && slots_[i].iteration != t && !stale_) {
      slots_[i].iteration = t;
      changed_ = true;
    }
  }
  if (changed_) parts_->SetSlots(slots_);
  changed_ = false;
  std::vector<int32_t> all(active.begin(), active.end());
  all.resize(slots_.size());
  parts_->Iterate(all, count, steps);
  stale_ = true;
}

std::vector<Standing> DevicePopulation::Standings() {
  std::vector<Standing> standings;
  const std::vector<Slot>& slots = Current();
  for (size_t i = 0; i < members_; ++i) {
    standings.push_back({slots[i].pending_loss, slots[i].diverged_at});
  }
  return standings;
}

std::vector<double> DevicePopulation::ValidationLosses() {
  if (changed_) parts_->SetSlots(slots_);
  changed_ = false;
  std::vector<double> losses = parts_->ValidationSquares();
  losses.resize(members_);
  for (double& loss : losses) loss /= validation_values_;
  return losses;
}

void DevicePopulation::Save(int slot, Checkpoint& checkpoint) {
  const auto count = static_cast<size_t>(layout_.parameter_count());
  checkpoint.parameters.resize(count);
  checkpoint.velocity.resize(count);
  parts_->Save(slot, checkpoint.parameters.data(), checkpoint.velocity.data());
}

}  // namespace rnnfarm::engine::cuda
