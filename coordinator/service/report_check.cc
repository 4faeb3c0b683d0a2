#include "coordinator/service/report_check.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/logging.h"
#include "coordinator/population/population.h"
#include "coordinator/service/artifact_check.h"
#include "coordinator/service/resource_name.h"

namespace rnnfarm::service {
namespace {

struct ReportedJob {
  bool known = false;
  ExpectedCell cell;
};

bool NamesArtifacts(const v1::JobReport& report) {
  return report.has_result() || report.has_checkpoint();
}

// The scheduler answers reports about jobs that it does not know, or of stale attempts, by itself.
ReportedJob FindReported(const scheduler::Scheduler& scheduler, const v1::JobReport& report) {
  ReportedJob reported;
  const v1::Job* job = scheduler.FindJob(report.job());
  if (job == nullptr || !scheduler.IsLive(report.job(), report.attempt())) return reported;
  const std::string sweep = SweepOf(job->name());
  const v1::Configuration* configuration = scheduler.FindConfiguration(sweep, job->configuration());
  const v1::SweepSpec* spec = scheduler.FindSpec(sweep);
  if (configuration == nullptr || spec == nullptr) return reported;
  reported.known = true;
  reported.cell.architecture = configuration->architecture();
  reported.cell.units = configuration->units();
  for (const v1::Task& task : spec->task()) {
    if (task.name() != job->task() || task.has_dataset()) continue;
    reported.cell.inputs = population::TaskInputs(task);
    reported.cell.outputs = population::TaskOutputs(task);
  }
  return reported;
}

// By index of the report. What a worker can report a lease of is durable, and a job's cell never
// changes, so no commit has to be waited for.
std::vector<ReportedJob> FindReported(const Ledger& ledger, const v1::SyncRequest& request) {
  std::vector<ReportedJob> jobs(request.reports_size());
  ledger
      .ReadAhead([&](const scheduler::Scheduler& scheduler) {
        for (int i = 0; i < request.reports_size(); ++i) {
          const v1::JobReport& report = request.reports(i);
          if (NamesArtifacts(report)) jobs[i] = FindReported(scheduler, report);
        }
      })
      .IgnoreError();
  return jobs;
}

absl::Status CheckOne(store::Store& store, PassedChecks& passed, const std::string& role,
                      const std::string& digest, const ExpectedCell& cell, bool diverged) {
  const std::string check =
      absl::StrJoin({digest, role, cell.architecture, absl::StrCat(cell.units),
                     absl::StrCat(cell.inputs), absl::StrCat(cell.outputs), absl::StrCat(diverged)},
                    "|");
  // It may have been removed since.
  if (passed.Contains(check)) return store.GetArtifact(digest).status();
  auto bytes = store.ReadWholeArtifact(digest);
  if (!bytes.ok()) return bytes.status();
  // What diverged may well hold infinities: that is its evidence.
  auto status = diverged ? absl::OkStatus() : CheckArtifact(role, *bytes, cell);
  if (status.ok()) passed.Insert(check);
  return status;
}

// The machine's fault rather than the job's: the same bytes may pass another time, or another
// worker's upload may arrive whole. What is wrong in the bytes themselves is INVALID_ARGUMENT.
bool IsOfTheMachine(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsNotFound(status) || absl::IsUnavailable(status) ||
         absl::IsResourceExhausted(status) || absl::IsInternal(status);
}

absl::Status CheckResult(store::Store& store, PassedChecks& passed, const v1::JobResult& result,
                         const ReportedJob& job) {
  for (const auto& [role, digest] : result.artifacts()) {
    auto status = CheckOne(store, passed, role, digest, job.cell, result.diverged());
    if (!status.ok()) {
      return absl::Status(
          status.code(),
          absl::StrCat("artifact \"", role, "\" was refused: ", std::string(status.message())));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReport(store::Store& store, PassedChecks& passed, const v1::JobReport& report,
                         const ReportedJob& job) {
  if (report.has_result()) return CheckResult(store, passed, report.result(), job);
  auto status =
      CheckOne(store, passed, "checkpoint", report.checkpoint().digest(), job.cell, false);
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("artifact \"checkpoint\" was refused: ",
                                                  std::string(status.message())));
}

}  // namespace

bool PassedChecks::Contains(const std::string& check) {
  std::lock_guard lock(mutex_);
  return checks_.contains(check);
}

void PassedChecks::Insert(const std::string& check) {
  std::lock_guard lock(mutex_);
  if (!checks_.insert(check).second) return;
  oldest_first_.push_back(check);
  if (oldest_first_.size() <= kMaxKept) return;
  checks_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

bool NamesArtifacts(const v1::SyncRequest& request) {
  return std::any_of(request.reports().begin(), request.reports().end(),
                     [](const v1::JobReport& report) { return NamesArtifacts(report); });
}

std::map<int, absl::Status> ReplaceBadReports(const Ledger& ledger, store::Store& store,
                                              PassedChecks& passed, v1::SyncRequest& request) {
  std::map<int, absl::Status> refused;
  const std::vector<ReportedJob> jobs = FindReported(ledger, request);
  for (int i = 0; i < request.reports_size(); ++i) {
    if (!jobs[i].known) continue;
    v1::JobReport& report = *request.mutable_reports(i);
    const absl::Status status = CheckReport(store, passed, report, jobs[i]);
    if (status.ok()) continue;
    const base::LogContext context(
        {.job = report.job(), .attempt = report.attempt(), .worker = request.worker()});
    LOG(WARNING) << "a report is refused: " << status.message();
    v1::JobError* error = report.mutable_error();
    error->set_message(std::string(status.message()));
    error->set_transient(IsOfTheMachine(status));
    refused[i] = status;
  }
  return refused;
}

}  // namespace rnnfarm::service
