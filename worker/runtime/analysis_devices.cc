#include "worker/runtime/analysis_devices.h"

#include <glog/logging.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::worker {
namespace {

constexpr absl::string_view kAutoAnalysis = "auto";
constexpr absl::string_view kProcessorAnalysis = "cpu";
constexpr absl::string_view kDeviceAnalysis = "cuda";

}  // namespace

absl::Status CheckAnalyzeOn(absl::string_view asked) {
  if (asked == kAutoAnalysis || asked == kProcessorAnalysis || asked == kDeviceAnalysis) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", asked, "\" must be auto, cpu or cuda"));
}

absl::StatusOr<std::vector<int>> ChooseAnalysisDevices(
    absl::string_view asked, const std::vector<engine::Device>& trained,
    const std::function<std::vector<int>()>& usable) {
  std::vector<int> devices;
  if (asked == kProcessorAnalysis || (asked == kAutoAnalysis && trained.empty())) return devices;
  for (const int index : usable()) {
    const bool trains = std::any_of(trained.begin(), trained.end(),
                                    [index](const auto& device) { return device.index == index; });
    if (trains || trained.empty()) devices.push_back(index);
  }
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
  const bool of_the_job =
      absl::IsCancelled(report.status()) || absl::IsInvalidArgument(report.status());
  if (report.ok() || device == dynamics::kProcessor || of_the_job) return report;
  LOG(WARNING) << "the analysis on device " << device << " failed (" << report.status().message()
               << "); the processor does it";
  return analyse(dynamics::kProcessor);
}

}  // namespace rnnfarm::worker
