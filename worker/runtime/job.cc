#include "worker/runtime/job.h"

#include <glog/logging.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/artifact_transfer.h"
#include "base/steady_time.h"
#include "base/thrown.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

constexpr absl::Duration kFencePoll = absl::Milliseconds(50);
// Messages of libtorch carry a stack trace behind their first line.
constexpr size_t kMaxReasonBytes = 500;

bool MachinesFault(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// A transfer that went wrong inside gRPC or the coordinator says nothing about the job, and a full
// disk there nothing about this machine's memory.
absl::Status OfTransfer(const absl::Status& status) {
  if (!absl::IsInternal(status) && !absl::IsUnknown(status) && !absl::IsResourceExhausted(status)) {
    return status;
  }
  return absl::UnavailableError(
      absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message())));
}

void LogEnd(const v1::JobReport& report) {
  if (report.has_error()) {
    LOG(WARNING) << "failed: " << report.error().message();
  } else if (report.has_returned()) {
    LOG(INFO) << "returned: " << report.returned().reason();
  } else {
    LOG(INFO) << (report.result().diverged() ? "diverged" : "done");
  }
}

}  // namespace

Job::Job(v1::Lease lease, Workplace& workplace) : lease_(std::move(lease)), workplace_(workplace) {
  RestartTime();
}

void Job::RestartTime() { deadline_ = base::SteadyNow() + TimeoutOf(spec()); }

bool Job::timed_out() const { return base::SteadyNow() > deadline_; }

bool Job::MayGoOn() const {
  return !workplace_.draining.load() && !timed_out() && workplace_.leases.Wanted(id());
}

absl::StatusOr<std::string> Job::Upload(absl::string_view bytes) {
  base::TransferOptions options;
  options.give_up_after = workplace_.outage_limit;
  // A coordinator without free space must not keep a worker that is to go.
  absl::Time longest = absl::InfiniteFuture();
  Advance("uploading");
  options.cancelled = [this, &longest] {
    Advance();
    if (workplace_.draining.load())
      longest = std::min(longest, base::SteadyNow() + workplace_.drain_limit);
    return workplace_.leaving.load() || base::SteadyNow() > longest ||
           !workplace_.leases.Wanted(id());
  };
  while (!workplace_.leases.MayWrite(id(), std::chrono::steady_clock::now())) {
    if (options.cancelled()) return absl::CancelledError("the lease is no longer held");
    absl::SleepFor(kFencePoll);
  }
  auto digest = base::UploadArtifact(workplace_.artifacts, bytes, options);
  if (!digest.ok()) return OfTransfer(digest.status());
  return digest;
}

absl::StatusOr<std::string> Job::Download(const std::string& digest) {
  base::TransferOptions options;
  options.give_up_after = workplace_.outage_limit;
  Advance("downloading");
  options.cancelled = [this] {
    Advance();
    return workplace_.leaving.load() || !MayGoOn();
  };
  auto bytes = base::DownloadArtifact(workplace_.artifacts, digest, options);
  if (!bytes.ok()) return OfTransfer(bytes.status());
  return bytes;
}

absl::StatusOr<std::unique_ptr<task::Task>> Job::MakeTask() {
  std::string dataset;
  if (spec().task().has_dataset()) {
    auto bytes = Download(spec().task().dataset().digest());
    if (!bytes.ok()) return bytes.status();
    dataset = *std::move(bytes);
  }
  auto description = TaskSpecOf(spec().task(), std::move(dataset));
  if (!description.ok()) return description.status();
  return task::MakeTask(*description);
}

void Job::End(v1::JobReport report, std::optional<v1::Checkpoint> checkpoint) {
  if (std::exchange(ended_, true)) return;
  const base::LogContext context(LogFields());
  LogEnd(report);
  workplace_.leases.Finish(id(), std::move(report), std::move(checkpoint));
}

void Job::Succeed(v1::JobResult result) {
  v1::JobReport report;
  *report.mutable_result() = std::move(result);
  End(std::move(report));
}

void Job::Fail(const absl::Status& status) {
  // What was cut off because the worker goes, or the time is over, did not fail by itself.
  if (absl::IsCancelled(status) && !MayGoOn()) return Stop();
  v1::JobReport report;
  report.mutable_error()->set_message(std::string(status.message().substr(0, kMaxReasonBytes)));
  report.mutable_error()->set_transient(MachinesFault(status));
  report.mutable_error()->set_of_input(absl::IsInvalidArgument(status));
  if (absl::IsResourceExhausted(status)) {
    report.mutable_error()->set_out_of_memory(true);
    report.mutable_error()->set_memory_bytes(workplace_.memory_bytes);
  }
  End(std::move(report));
}

void Job::Stop(std::optional<v1::Checkpoint> checkpoint) {
  v1::JobReport report;
  if (workplace_.draining.load()) {
    report.mutable_returned()->set_reason("drained");
  } else if (timed_out()) {
    report.mutable_error()->set_message(absl::StrCat("not done within the job's time limit of ",
                                                     absl::FormatDuration(TimeoutOf(spec())),
                                                     "; limits.job_timeout raises it"));
  } else {
    report.mutable_returned()->set_reason("preempted");
  }
  End(std::move(report), std::move(checkpoint));
}

absl::Status WithoutExceptions(absl::string_view what, const std::function<absl::Status()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    return base::StatusOfThrown(what, error);
  }
}

}  // namespace rnnfarm::worker
