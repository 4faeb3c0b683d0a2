#include "coordinator/service/sync_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/service/resource_name.h"

namespace rnnfarm::service {
namespace {

constexpr int kMaxReports = 4096;

}  // namespace

absl::Status CheckSync(const v1::SyncRequest& request) {
  if (auto status = CheckName("worker", request.worker(), "workers/{worker}"); !status.ok()) {
    return status;
  }
  if (request.worker() == kCoordinatorWorker) {
    return absl::InvalidArgumentError(absl::StrCat(
        "worker: ", kCoordinatorWorker, " is the coordinator's own; give the worker another name"));
  }
  if (request.reports_size() > kMaxReports || request.held_size() > kMaxReports) {
    return absl::InvalidArgumentError(
        absl::StrCat("reports, held: more than ", kMaxReports, " at once; sync more often"));
  }
  return absl::OkStatus();
}

void DropComparing(v1::SyncRequest& request) {
  auto* kinds = request.mutable_capability()->mutable_kind();
  kinds->erase(std::remove(kinds->begin(), kinds->end(), v1::JOB_KIND_COMPARE), kinds->end());
}

}  // namespace rnnfarm::service
