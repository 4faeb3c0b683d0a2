#include "coordinator/service/sync_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "coordinator/service/resource_name.h"

namespace rnnfarm::service {
namespace {

constexpr int kMaxReports = 4096;
constexpr size_t kMaxWorkerId = 63;
// Of build and host, in bytes, and of a capability's lists.
constexpr size_t kMaxText = 256;
constexpr int kMaxListed = 64;
constexpr size_t kMaxListedText = 64;

// Whoever reads the lists of workers sees these names, in logs and on pages too.
absl::Status CheckWorkerId(absl::string_view id) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  if (id.size() <= kMaxWorkerId && std::all_of(id.begin(), id.end(), fits)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("worker: a worker's name must be 1 to ", kMaxWorkerId,
                   " letters, digits, dashes, points and underscores; give it another --name"));
}

absl::Status CheckText(absl::string_view field, absl::string_view text, size_t limit) {
  if (text.size() <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", text.size(), " bytes; expected ", limit, " or fewer"));
}

template <class List>
absl::Status CheckList(absl::string_view field, const List& list) {
  if (list.size() > kMaxListed) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": ", list.size(), " entries; expected ", kMaxListed, " or fewer"));
  }
  for (const auto& text : list) {
    if (auto status = CheckText(field, text, kMaxListedText); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSync(const v1::SyncRequest& request) {
  if (auto status = CheckName("worker", request.worker(), "workers/{worker}"); !status.ok()) {
    return status;
  }
  const absl::string_view id = absl::StripPrefix(request.worker(), "workers/");
  for (const absl::Status& status :
       {CheckWorkerId(id), CheckText("build", request.build(), kMaxText),
        CheckText("host", request.host(), kMaxText),
        CheckList("capability.engine", request.capability().engine()),
        CheckList("capability.device", request.capability().device())}) {
    if (!status.ok()) return status;
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
