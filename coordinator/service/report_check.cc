#include "coordinator/service/report_check.h"

#include <glog/logging.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "coordinator/service/artifact_check.h"
#include "coordinator/service/resource_name.h"

namespace rnnfarm::service {
namespace {

struct ReportedJob {
  bool known = false;
  ExpectedCell cell;
};

// The scheduler answers reports about jobs that it does not know, or of stale attempts, by itself.
ReportedJob FindReported(const Ledger& ledger, const v1::JobReport& report) {
  ReportedJob reported;
  absl::Status read = ledger.Read([&](const scheduler::Scheduler& scheduler) {
    const v1::Job* job = scheduler.FindJob(report.job());
    if (job == nullptr || job->attempt() != report.attempt()) return;
    const std::string sweep = SweepOf(job->name());
    const v1::Configuration* configuration =
        scheduler.FindConfiguration(sweep, job->configuration());
    auto found = scheduler.GetSweep(sweep);
    if (configuration == nullptr || !found.ok()) return;
    reported.known = true;
    reported.cell.architecture = configuration->architecture();
    reported.cell.units = configuration->units();
    for (const v1::Task& task : found->spec().task()) {
      if (task.name() != job->task() || task.has_dataset()) continue;
      reported.cell.inputs = population::TaskInputs(task);
      reported.cell.outputs = population::TaskOutputs(task);
    }
  });
  reported.known = reported.known && read.ok();
  return reported;
}

absl::Status CheckOne(store::Store& store, const std::string& role, const std::string& digest,
                      const ExpectedCell& cell, bool diverged) {
  auto bytes = store.ReadWholeArtifact(digest);
  if (!bytes.ok()) return bytes.status();
  // What diverged may well hold infinities: that is its evidence.
  return diverged ? absl::OkStatus() : CheckArtifact(role, *bytes, cell);
}

absl::Status CheckResult(store::Store& store, const v1::JobResult& result, const ReportedJob& job) {
  for (const auto& [role, digest] : result.artifacts()) {
    auto status = CheckOne(store, role, digest, job.cell, result.diverged());
    if (!status.ok()) {
      return absl::Status(
          status.code(),
          absl::StrCat("artifact \"", role, "\" was refused: ", std::string(status.message())));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReport(store::Store& store, const v1::JobReport& report, const ReportedJob& job) {
  if (report.has_result()) return CheckResult(store, report.result(), job);
  auto status = CheckOne(store, "checkpoint", report.checkpoint().digest(), job.cell, false);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("artifact \"checkpoint\" was refused: ",
                                                  std::string(status.message())));
}

}  // namespace

bool NamesArtifacts(const v1::SyncRequest& request) {
  for (const v1::JobReport& report : request.reports()) {
    if (report.has_result() || report.has_checkpoint()) return true;
  }
  return false;
}

std::map<int, absl::Status> ReplaceBadReports(const Ledger& ledger, store::Store& store,
                                              v1::SyncRequest& request) {
  std::map<int, absl::Status> refused;
  for (int i = 0; i < request.reports_size(); ++i) {
    v1::JobReport& report = *request.mutable_reports(i);
    if (!report.has_result() && !report.has_checkpoint()) continue;
    const ReportedJob job = FindReported(ledger, report);
    if (!job.known) continue;
    const absl::Status status = CheckReport(store, report, job);
    if (status.ok()) continue;
    LOG(WARNING) << request.worker() << ", " << report.job() << ", attempt " << report.attempt()
                 << ": " << status.message();
    v1::JobError* error = report.mutable_error();
    error->set_message(std::string(status.message()));
    error->set_transient(true);
    refused[i] = status;
  }
  return refused;
}

}  // namespace rnnfarm::service
