#include "worker/runtime/equipment.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "worker/engine/devices.h"
#include "worker/engine/peak.h"
#include "worker/runtime/analysis_devices.h"
#include "worker/runtime/memory.h"

namespace rnnfarm::worker {
namespace {

constexpr double kGiga = 1e9;

int64_t MachineMemory() { return int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE); }

absl::StatusOr<EngineChoice> Choose(const Options& options) {
  // Looking for devices takes hold of them.
  if (!MayTrainOnDevices(options.engine)) return EngineChoice{options.engine, {}};
  const auto found = engine::FindDevices();
  auto choice = ChooseEngine(options.engine, options.devices, found);
  if (choice.ok() && choice->devices.empty()) {
    LOG(INFO) << "no device to train on (" << found.status().message() << "); the engine "
              << choice->engine << " trains on the processor";
  }
  return choice;
}

void LogEquipment(const Equipment& equipment, const EngineChoice& choice, int64_t limit_bytes) {
  LOG(INFO) << absl::StrFormat("one core does at most %.1f GFLOP/s; memory for training: %s",
                               equipment.peak_flops_per_core / kGiga,
                               limit_bytes > 0 ? MemoryText(limit_bytes)
                               : choice.devices.empty()
                                   ? std::string("no limit")
                                   : std::string("what the devices have free"));
  for (size_t i = 0; i < choice.devices.size(); ++i) {
    LOG(INFO) << absl::StrFormat(
        "trains on %s: %d multiprocessors, at most %.0f GFLOP/s in float32, %s free",
        equipment.trainers[i].name, choice.devices[i].multiprocessors,
        choice.devices[i].peak_flops / kGiga, MemoryText(choice.devices[i].memory_bytes));
  }
  if (choice.devices.empty() && equipment.analysis_devices.empty()) return;
  LOG(INFO) << "analyses on "
            << (equipment.analysis_devices.empty()
                    ? std::string("the processor")
                    : absl::StrCat("device ", absl::StrJoin(equipment.analysis_devices, ", ")));
}

}  // namespace

absl::StatusOr<Equipment> Equip(const Options& options) {
  const auto choice = Choose(options);
  if (!choice.ok()) return choice.status();
  auto analysis_devices =
      ChooseAnalysisDevices(options.analyze_on, choice->devices, dynamics::UsableDevices);
  if (!analysis_devices.ok()) return analysis_devices.status();
  auto trainers = MakeTrainers(*choice, options.memory_bytes);
  if (!trainers.ok()) return trainers.status();
  Equipment equipment;
  equipment.engine = choice->engine;
  equipment.trainers = *std::move(trainers);
  equipment.analysis_devices = *std::move(analysis_devices);
  equipment.threads = options.threads;
  equipment.peak_flops_per_core = engine::MeasurePeakFlops();
  if (equipment.on_devices()) {
    equipment.max_pack = PackOfDevices(choice->devices, options.max_pack, options.threads);
    equipment.memory_bytes = DeviceMemory(choice->devices, options.memory_bytes);
  } else {
    equipment.trainers.front().peak_flops = equipment.peak_flops_per_core;
    equipment.max_pack = options.max_pack > 0 ? options.max_pack : options.threads;
    equipment.memory_bytes = options.memory_bytes > 0 ? options.memory_bytes : MachineMemory();
  }
  LogEquipment(equipment, *choice, options.memory_bytes);
  return equipment;
}

v1::Capability CapabilityOf(const Equipment& equipment) {
  v1::Capability capability;
  capability.add_engine(equipment.engine);
  capability.set_threads(equipment.threads);
  capability.set_memory_bytes(equipment.memory_bytes);
  // A sweep that asks for the processor is not to be trained on a device.
  capability.add_device(std::string(equipment.on_devices() ? kCudaEngine : "cpu"));
  for (auto kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
    capability.add_kind(kind);
  }
  capability.set_max_pack(equipment.max_pack);
  if (equipment.peak_flops_per_core > 0) {
    capability.set_peak_flops_per_core(equipment.peak_flops_per_core);
  }
  if (!equipment.on_devices()) return capability;
  const auto slowest =
      std::min_element(equipment.trainers.begin(), equipment.trainers.end(),
                       [](const auto& a, const auto& b) { return a.peak_flops < b.peak_flops; });
  if (slowest->peak_flops > 0) capability.set_peak_flops_per_device(slowest->peak_flops);
  return capability;
}

}  // namespace rnnfarm::worker
