// What a worker trains with: one engine on the processor, or one on each device.
#ifndef RNNFARM_WORKER_RUNTIME_TRAINERS_H_
#define RNNFARM_WORKER_RUNTIME_TRAINERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "worker/engine/devices.h"
#include "worker/engine/engine.h"

namespace rnnfarm::worker {

// "cuda" where a device is usable, "cpu" elsewhere.
inline constexpr absl::string_view kAutoEngine = "auto";
// "cuda-general" and "cuda-resident" force one of its designs.
inline constexpr absl::string_view kCudaEngine = "cuda";

// Whether an engine of this name looks for devices.
inline bool MayTrainOnDevices(absl::string_view engine) {
  return engine == kAutoEngine || absl::StartsWith(engine, kCudaEngine);
}

// "all" or their numbers, such as "0,2"; none: all.
absl::StatusOr<std::vector<int>> ParseDevices(absl::string_view text);

struct EngineChoice {
  std::string engine;
  std::vector<engine::Device> devices;  // none: the processor
};

// The engine that was asked for, or what auto stands for, on those of the devices found that are
// `wanted` (none: all). FAILED_PRECONDITION says in one sentence what there is not.
absl::StatusOr<EngineChoice> ChooseEngine(absl::string_view asked, const std::vector<int>& wanted,
                                          const absl::StatusOr<std::vector<engine::Device>>& found);

struct Trainer {
  std::unique_ptr<engine::Engine> engine;
  // Floating-point operations a second in float32 at most, of one core or of the device; 0: not
  // known.
  double peak_flops = 0;
  bool on_device = false;
  std::string name;  // of the device, "device 0 (NVIDIA H100)"
};

// One a device, or the one of the processor, whose peak is left for the caller to measure.
// `memory_bytes`, of each of them: as in engine::Limits.
absl::StatusOr<std::vector<Trainer>> MakeTrainers(const EngineChoice& choice, int64_t memory_bytes);

// What a network has at most on the smallest device: what there is, or `limit` (0: none).
int64_t DeviceMemory(const std::vector<engine::Device>& devices, int64_t limit);

// What a coordinator hears of in one message at most.
inline constexpr int kMostLeases = 4096;

// Networks of one pack: enough to fill the smallest device, or `asked` where that is not 0; never
// more than leave room within kMostLeases for all packs in hand and for `threads` other jobs.
int PackOfDevices(const std::vector<engine::Device>& devices, int asked, int threads);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_TRAINERS_H_
