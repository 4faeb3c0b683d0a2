#include "worker/runtime/trainers.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "worker/runtime/device_slots.h"

namespace rnnfarm::worker {
namespace {

constexpr absl::string_view kProcessorEngine = "cpu";
constexpr absl::string_view kAllDevices = "all";
// A network trains on one multiprocessor, or on several if it is large; a pack is to keep all of
// them busy while some of its networks end before others.
constexpr int kNetworksPerMultiprocessor = 8;

absl::StatusOr<std::vector<engine::Device>> Select(const std::vector<engine::Device>& found,
                                                   const std::vector<int>& wanted) {
  if (wanted.empty()) return found;
  std::vector<engine::Device> selected;
  for (const int index : wanted) {
    const auto device = std::find_if(found.begin(), found.end(),
                                     [&](const auto& each) { return each.index == index; });
    if (device == found.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("--devices names device ", index, ", which is none of the ", found.size(),
                       " usable ones; they are counted from 0 among those that "
                       "CUDA_VISIBLE_DEVICES leaves"));
    }
    selected.push_back(*device);
  }
  return selected;
}

}  // namespace

absl::StatusOr<std::vector<int>> ParseDevices(absl::string_view text) {
  std::vector<int> devices;
  if (text == kAllDevices) return devices;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    int device = 0;
    if (!absl::SimpleAtoi(part, &device) || device < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", text, "\" must be all, or numbers of devices joined by commas, such as 0,1"));
    }
    if (std::find(devices.begin(), devices.end(), device) != devices.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" names device ", device, " twice"));
    }
    devices.push_back(device);
  }
  return devices;
}

absl::StatusOr<EngineChoice> ChooseEngine(
    absl::string_view asked, const std::vector<int>& wanted,
    const absl::StatusOr<std::vector<engine::Device>>& found) {
  if (!MayTrainOnDevices(asked)) return EngineChoice{std::string(asked), {}};
  if (!found.ok() && asked == kAutoEngine) return EngineChoice{std::string(kProcessorEngine), {}};
  if (!found.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the engine ", kCudaEngine, " has no device to train on (", found.status().message(),
        "); give --engine=", kProcessorEngine, ", or --engine=", kAutoEngine,
        " to take the processor where there is no device"));
  }
  auto selected = Select(*found, wanted);
  if (!selected.ok()) return selected.status();
  const absl::string_view engine = asked == kAutoEngine ? kCudaEngine : asked;
  return EngineChoice{std::string(engine), *std::move(selected)};
}

absl::StatusOr<std::vector<Trainer>> MakeTrainers(const EngineChoice& choice,
                                                  int64_t memory_bytes) {
  std::vector<Trainer> trainers;
  for (const engine::Device& device : choice.devices) {
    auto made =
        engine::MakeEngine(choice.engine, {.memory_bytes = memory_bytes, .device = device.index});
    if (!made.ok()) return made.status();
    trainers.push_back({*std::move(made), device.peak_flops, true,
                        absl::StrCat("device ", device.index, " (", device.name, ")")});
  }
  if (!trainers.empty()) return trainers;
  auto made = engine::MakeEngine(choice.engine, {.memory_bytes = memory_bytes});
  if (!made.ok()) return made.status();
  trainers.emplace_back().engine = *std::move(made);
  return trainers;
}

int64_t DeviceMemory(const std::vector<engine::Device>& devices, int64_t limit) {
  int64_t least = limit > 0 ? limit : INT64_MAX;
  for (const engine::Device& device : devices) least = std::min(least, device.memory_bytes);
  return least;
}

int PackOfDevices(const std::vector<engine::Device>& devices, int asked, int threads) {
  int size = asked;
  if (size == 0) {
    const auto smallest = std::min_element(
        devices.begin(), devices.end(),
        [](const auto& a, const auto& b) { return a.multiprocessors < b.multiprocessors; });
    size = kNetworksPerMultiprocessor * smallest->multiprocessors;
  }
  const int packs = DeviceSlots::kPacksPerDevice * static_cast<int>(devices.size());
  return std::clamp(size, 1, std::max(1, (kMostLeases - threads) / packs));
}

}  // namespace rnnfarm::worker
