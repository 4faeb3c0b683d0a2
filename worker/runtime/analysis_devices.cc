#include "worker/runtime/analysis_devices.h"

#include <glog/logging.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::worker {
namespace {

constexpr absl::string_view kProcessorAnalysis = "cpu";
constexpr absl::string_view kDeviceAnalysis = "cuda";

}  // namespace

absl::Status CheckAnalyzeOn(absl::string_view asked) {
  if (asked == kAutoAnalysis || asked == kProcessorAnalysis || asked == kDeviceAnalysis) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", asked, "\" must be auto, cpu or cuda"));
}

absl::StatusOr<std::vector<int>> ChooseAnalysisDevices(absl::string_view asked,
                                                       const std::vector<engine::Device>& trained,
                                                       const std::function<int()>& usable) {
  std::vector<int> devices;
  if (asked == kProcessorAnalysis || (asked == kAutoAnalysis && trained.empty())) return devices;
  const int count = usable();
  for (const engine::Device& device : trained) {
    if (device.index < count) devices.push_back(device.index);
  }
  for (int index = 0; trained.empty() && index < count; ++index) devices.push_back(index);
  if (asked == kDeviceAnalysis && devices.empty()) {
    return absl::FailedPreconditionError(
        "--analyze_on=cuda has no device to analyse on: libtorch was built without CUDA or finds "
        "none; give --analyze_on=auto to take the processor where there is none");
  }
  return devices;
}

absl::StatusOr<dynamics::Report> AnalyseOnOrBeside(
    int device, const std::function<absl::StatusOr<dynamics::Report>(int device)>& analyse) {
  auto report = analyse(device);
  if (report.ok() || device == dynamics::kProcessor || absl::IsCancelled(report.status())) {
    return report;
  }
  LOG(WARNING) << "the analysis on device " << device << " failed (" << report.status().message()
               << "); the processor does it";
  return analyse(dynamics::kProcessor);
}

}  // namespace rnnfarm::worker
