#include "worker/engine/cuda/cuda_engine.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/thrown.h"
#include "worker/engine/cuda/device_population.h"
#include "worker/engine/cuda/lockstep.h"
#include "worker/engine/cuda/resident/tile.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/validation.h"

namespace rnnfarm::engine::cuda {

namespace {

// Of what is free: the driver and the library take some for themselves.
constexpr double kUsableShare = 0.9;

bool SameCell(const rnn::CellSpec& a, const rnn::CellSpec& b) {
  return a.architecture == b.architecture && a.activation == b.activation && a.units == b.units &&
         a.inputs == b.inputs && a.outputs == b.outputs && a.gate_bias == b.gate_bias &&
         a.alpha == b.alpha && a.noise == b.noise;
}

// Keeps in mind which members have ended, so that a failure is told of the others.
class Endings final : public Observer {
 public:
  Endings(Observer& observer, size_t members) : observer_(observer), ended_(members) {}

  bool OnProgress(size_t member, const Progress& progress) override {
    return observer_.OnProgress(member, progress);
  }
  void OnCheckpoint(size_t member, const Checkpoint& checkpoint) override {
    observer_.OnCheckpoint(member, checkpoint);
  }
  void OnEnd(size_t member, const Outcome& outcome) override {
    ended_[member] = true;
    observer_.OnEnd(member, outcome);
  }
  void Fail(size_t first, size_t count, const absl::Status& status) {
    for (size_t i = first; i < first + count; ++i) {
      if (!ended_[i]) observer_.OnFailure(i, status);
    }
  }

 private:
  Observer& observer_;
  std::vector<bool> ended_;
};

class CudaEngine final : public Engine {
 public:
  CudaEngine(Limits limits, Design design, Backend backend)
      : limits_(limits), design_(design), backend_(std::move(backend)) {}

  absl::string_view name() const override {
    switch (design_) {
      case Design::kGeneral:
        return kGeneralEngine;
      case Design::kResident:
        return kResidentEngine;
      case Design::kAutomatic:
        break;
    }
    return kCudaEngine;
  }

  // On the device.
  int64_t MemoryBytes(const Plan& plan, absl::Span<const Member> pack, int) const override {
    const bool masked = DatasetBytes(*plan.task) > 0;  // or not, and a third of the outputs less
    int64_t most = 0;
    for (const Member& member : pack) {
      const Layout layout = Choose(plan, member.cell);
      const int64_t networks =
          layout.resident ? static_cast<int64_t>(pack.size()) : int64_t{GeneralSlots(layout)};
      most = std::max(most, SharedBytes(layout, masked) + networks * SlotBytes(layout, masked));
    }
    most += DatasetBytes(*plan.task);
    return limits_.memory_bytes > 0 ? std::min(most, limits_.memory_bytes) : most;
  }

  absl::StatusOr<std::vector<Outcome>> Train(const Plan& plan, absl::Span<const Member> pack, int,
                                             Observer& observer) override;

 private:
  Layout Choose(const Plan& plan, const rnn::CellSpec& cell) const;
  // Of one cell: members first … first + count - 1.
  absl::Status TrainRun(const Plan& plan, absl::Span<const Member> pack, size_t first, size_t count,
                        const task::Trials& validation, Endings& endings,
                        absl::Span<Outcome> outcomes);
  absl::StatusOr<int64_t> SlotsFor(const Layout& layout, const Plan& plan, bool masked,
                                   const Member& member, int64_t networks);

  const Limits limits_;
  const Design design_;
  const Backend backend_;
};

Layout CudaEngine::Choose(const Plan& plan, const rnn::CellSpec& cell) const {
  Layout layout = LayoutOf(plan, cell);
  ChooseDesign(design_, plan.precision == Precision::kFp32, backend_.block, layout);
  return layout;
}

absl::StatusOr<int64_t> CudaEngine::SlotsFor(const Layout& layout, const Plan& plan, bool masked,
                                             const Member& member, int64_t networks) {
  int64_t bytes = static_cast<int64_t>(kUsableShare * backend_.free_bytes());
  if (limits_.memory_bytes > 0) bytes = std::min(bytes, limits_.memory_bytes);
  bytes -= DatasetBytes(*plan.task);
  const int64_t slots = SlotsThatFit(layout, masked, networks, bytes);
  if (slots > 0) return slots;
  const int64_t least = layout.resident ? 1 : GeneralSlots(layout);
  constexpr double kMebibyte = 1 << 20;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "training %s needs %.0f MiB of the device, more than the %.0f MiB that it may take; raise "
      "--memory or free the device, or lower batch_size, units or the task's steps",
      member.stream_key,
      (SharedBytes(layout, masked) + least * SlotBytes(layout, masked)) / kMebibyte,
      bytes / kMebibyte));
}

absl::Status CudaEngine::TrainRun(const Plan& plan, absl::Span<const Member> pack, size_t first,
                                  size_t count, const task::Trials& validation, Endings& endings,
                                  absl::Span<Outcome> outcomes) {
  const Layout layout = Choose(plan, pack[first].cell);
  if (design_ == Design::kResident && !layout.resident) {
    return absl::InvalidArgumentError(absl::StrCat(
        "engine ", kResidentEngine, " cannot train ", pack[first].stream_key,
        ": it has kernels for fp32 and 32, 64, 128 or 256 units (from 128 on for most cells on "
        "compute capability 9.0 and later alone), up to ",
        kResidentRows, " trials a batch and a few inputs and outputs; use --engine=", kCudaEngine));
  }
  const auto slots =
      SlotsFor(layout, plan, !validation.mask.empty(), pack[first], static_cast<int64_t>(count));
  if (!slots.ok()) return slots.status();
  // Parts of about the same size.
  const size_t parts = (count + *slots - 1) / *slots;
  for (size_t part = 0; part < parts; ++part) {
    const size_t begin = first + count * part / parts, end = first + count * (part + 1) / parts;
    const absl::Span<const Member> members = pack.subspan(begin, end - begin);
    const int64_t own_slots = layout.resident ? static_cast<int64_t>(members.size()) : *slots;
    DevicePopulation population(backend_.make, limits_.device, plan, layout, members, own_slots,
                                validation);
    TrainInLockstep(plan, members, begin, population, endings,
                    outcomes.subspan(begin, end - begin));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Outcome>> CudaEngine::Train(const Plan& plan,
                                                       absl::Span<const Member> pack, int,
                                                       Observer& observer) {
  if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
  for (const Member& member : pack) {
    if (absl::Status status = CheckMember(plan, member); !status.ok()) return status;
  }
  const task::TrialRecipe recipe = plan.task->recipe();
  const auto* dataset = std::get_if<const task::Trials*>(&recipe);
  if (dataset != nullptr && *dataset == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "engine ", name(), ": a device cannot make this task's trials; use the engine cpu"));
  }
  std::vector<Outcome> outcomes(pack.size());
  const task::Trials validation = ValidationTrials(plan);
  Endings endings(observer, pack.size());
  absl::Status failure;
  for (size_t first = 0, count = 0; first < pack.size(); first += count) {
    count = 1;
    while (first + count < pack.size() && SameCell(pack[first].cell, pack[first + count].cell)) {
      ++count;
    }
    absl::Status status;
    try {
      status = TrainRun(plan, pack, first, count, validation, endings, absl::MakeSpan(outcomes));
    } catch (const std::exception& error) {
      status = base::StatusOfThrown(absl::StrCat("training ", pack[first].stream_key), error);
    }
    if (!status.ok()) endings.Fail(first, count, status);
    failure.Update(status);
  }
  if (!failure.ok()) return failure;
  return outcomes;
}

}  // namespace

std::unique_ptr<Engine> MakeCudaEngine(Limits limits, Design design, Backend backend) {
  return std::make_unique<CudaEngine>(limits, design, std::move(backend));
}

}  // namespace rnnfarm::engine::cuda
