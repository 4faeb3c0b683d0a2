// Where a worker analyses networks: on the processor, or on the devices that it trains on, where
// libtorch can compute there. By default on the processor: beside training an analysis' many small
// steps wait for the large ones, and nobody has measured yet what that costs.
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

// "auto": devices where libtorch has them, among those that the engine trains on.
// INVALID_ARGUMENT unless it is "auto", "cpu" or "cuda".
absl::Status CheckAnalyzeOn(absl::string_view asked);

// The devices to analyse on, none for the processor, among the `usable` ones of libtorch. "cuda"
// without any is FAILED_PRECONDITION, in one sentence. `usable` is asked for only where devices
// come into question: the question takes hold of them.
absl::StatusOr<std::vector<int>> ChooseAnalysisDevices(
    absl::string_view asked, const std::vector<engine::Device>& trained,
    const std::function<std::vector<int>()>& usable);

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

// `analyse` on `device`, and once more on the processor, in what is left of the job's time, where
// the device fails: that training has filled it, or that it has died, is no fault of the network's.
absl::StatusOr<dynamics::Report> AnalyseOnOrBeside(
    int device, const std::function<absl::StatusOr<dynamics::Report>(int device)>& analyse);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_ANALYSIS_DEVICES_H_
