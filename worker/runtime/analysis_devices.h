// Where a worker analyses networks: on the devices that it trains on, where libtorch can compute
// there, and on the processor otherwise.
#ifndef RNNFARM_WORKER_RUNTIME_ANALYSIS_DEVICES_H_
#define RNNFARM_WORKER_RUNTIME_ANALYSIS_DEVICES_H_

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/dynamics/analysis.h"
#include "worker/runtime/trainers.h"

namespace rnnfarm::worker {

// Devices where libtorch has them, among those that the engine trains on.
inline constexpr absl::string_view kAutoAnalysis = "auto";

// INVALID_ARGUMENT unless it is "auto", "cpu" or "cuda".
absl::Status CheckAnalyzeOn(absl::string_view asked);

// The devices to analyse on, none for the processor, where libtorch can compute on the first
// `usable` ones. "cuda" without any is FAILED_PRECONDITION, in one sentence. `usable` is asked for
// only where devices come into question: the question takes hold of them.
absl::StatusOr<std::vector<int>> ChooseAnalysisDevices(absl::string_view asked,
                                                       const std::vector<engine::Device>& trained,
                                                       const std::function<int()>& usable);

// The devices of one worker, in turns. Thread-safe.
class AnalysisDevices {
 public:
  explicit AnalysisDevices(std::vector<int> devices) : devices_(std::move(devices)) {}

  // dynamics::kProcessor where there is none.
  int Next() {
    if (devices_.empty()) return dynamics::kProcessor;
    return devices_[turn_.fetch_add(1, std::memory_order_relaxed) % devices_.size()];
  }

 private:
  const std::vector<int> devices_;
  std::atomic<unsigned> turn_{0};
};

// `analyse` on `device`, and once more on the processor where that fails: a device that training
// has filled, or that has died, is no fault of the network's.
absl::StatusOr<dynamics::Report> AnalyseOnOrBeside(
    int device, const std::function<absl::StatusOr<dynamics::Report>(int device)>& analyse);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_ANALYSIS_DEVICES_H_
