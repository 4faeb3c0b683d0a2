#include "coordinator/service/comparison_runner.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "base/logging.h"
#include "coordinator/comparison/comparison.h"
#include "coordinator/service/comparison_input.h"
#include "coordinator/service/resource_name.h"
#include "coordinator/service/sync_check.h"

namespace rnnfarm::service {
namespace {

constexpr absl::Duration kIdlePause = absl::Seconds(5);
constexpr absl::Duration kShortestPause = absl::Milliseconds(10);
// Progress is told in thousandths.
constexpr int64_t kProgressSteps = 1000;

bool IsTransient(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) ||
         absl::IsCancelled(status);
}

}  // namespace

struct ComparisonRunner::Work {
  v1::Lease lease;
  std::atomic<bool> cancelled = false;
  std::atomic<bool> ended = false;
  std::mutex mutex;
  v1::Progress progress;  // guarded by mutex
  v1::JobReport report;   // once ended
  std::thread thread;
};

ComparisonRunner::ComparisonRunner(Ledger& ledger, store::Store& store, const Options& options)
    : ledger_(ledger),
      store_(store),
      scratch_(options.scratch),
      pairs_{.threads = options.threads, .memory_bytes = options.memory_bytes},
      ahead_(ledger, store, pairs_, options.scratch) {
  ledger_.AddListener([this](bool woke) {
    if (!woke) return;
    std::lock_guard lock(mutex_);
    stirred_ = true;
    changed_.notify_one();
  });
  thread_ = std::thread([this] { Run(); });
}

ComparisonRunner::~ComparisonRunner() { Stop(); }

void ComparisonRunner::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void ComparisonRunner::Wait(absl::Duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(pause),
                    [this] { return stopping_ || stirred_; });
  stirred_ = false;
}

void ComparisonRunner::Run() {
  std::vector<v1::JobReport> reports = StaleLeases();
  while (true) {
    const absl::Duration pause = Exchange(reports);
    if (work_ == nullptr) ahead_.Look();
    Wait(pause);
    std::lock_guard lock(mutex_);
    if (stopping_) break;
  }
  if (work_ == nullptr) {
    ahead_.Stop();
    return;
  }
  work_->cancelled = true;
  work_->thread.join();
  if (!work_->report.has_result()) {
    work_->report.mutable_returned()->set_reason("the coordinator is shutting down");
  }
  reports.push_back(work_->report);
  work_.reset();
  Exchange(reports);
}

std::vector<v1::JobReport> ComparisonRunner::StaleLeases() const {
  std::vector<v1::JobReport> reports;
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    for (const std::string& sweep : scheduler.SweepNames()) {
      for (const v1::Job* job : scheduler.JobsOf(sweep)) {
        if (job->kind() != v1::JOB_KIND_COMPARE || job->state() != v1::JOB_STATE_LEASED) continue;
        v1::JobReport& report = reports.emplace_back();
        report.set_job(job->name());
        report.set_attempt(job->attempt());
        // A stop in order gives its lease back. This one may have taken the coordinator down, and
        // is not to do so for ever.
        report.mutable_error()->set_message("the coordinator ended while it was comparing");
        report.mutable_error()->set_transient(true);
      }
    }
  });
  if (!read.ok()) LOG(WARNING) << "comparisons cannot begin: " << read;
  return reports;
}

v1::SyncRequest ComparisonRunner::MakeRequest() const {
  v1::SyncRequest request;
  request.set_worker(kCoordinatorWorker);
  request.set_build(base::BuildText());
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  request.set_host(host);
  v1::Capability* capability = request.mutable_capability();
  capability->add_kind(v1::JOB_KIND_COMPARE);
  capability->set_threads(pairs_.threads);
  capability->set_max_pack(1);
  return request;
}

absl::Duration ComparisonRunner::Exchange(std::vector<v1::JobReport>& reports) {
  EndWork(reports);
  v1::SyncRequest request = MakeRequest();
  {
    std::lock_guard lock(mutex_);
    request.set_draining(stopping_);
    request.set_free_slots(work_ == nullptr && !stopping_ ? 1 : 0);
  }
  for (const v1::JobReport& report : reports) *request.add_reports() = report;
  if (work_ != nullptr) {
    v1::HeldLease* held = request.add_held();
    held->set_job(work_->lease.job());
    held->set_attempt(work_->lease.attempt());
    std::lock_guard lock(work_->mutex);
    *held->mutable_progress() = work_->progress;
  }
  auto reply = ledger_.Call(scheduler::Sync{std::move(request)});
  if (!reply.ok()) return kIdlePause;
  reports.clear();
  const auto* response = std::get_if<v1::SyncResponse>(&*reply);
  if (response == nullptr) return kIdlePause;
  for (const std::string& dropped : response->dropped()) {
    if (work_ != nullptr && work_->lease.job() == dropped) work_->cancelled = true;
  }
  if (!response->leases().empty() && work_ == nullptr) Begin(response->leases(0));
  const absl::Duration next = absl::Seconds(response->next_sync().seconds()) +
                              absl::Nanoseconds(response->next_sync().nanos());
  return std::clamp(next, kShortestPause, kIdlePause);
}

void ComparisonRunner::Begin(const v1::Lease& lease) {
  work_ = std::make_unique<Work>();
  work_->lease = lease;
  work_->thread = std::thread([this, work = work_.get()] { Compute(*work); });
}

void ComparisonRunner::EndWork(std::vector<v1::JobReport>& reports) {
  if (work_ == nullptr || !work_->ended) return;
  work_->thread.join();
  reports.push_back(std::move(work_->report));
  work_.reset();
}

void ComparisonRunner::Compute(Work& work) {
  work.report.set_job(work.lease.job());
  work.report.set_attempt(work.lease.attempt());
  auto result = CompareGuarded(work);
  if (result.ok()) {
    *work.report.mutable_result() = *std::move(result);
  } else {
    const base::LogContext context(
        {.job = work.lease.job(), .attempt = work.lease.attempt(), .worker = kCoordinatorWorker});
    LOG(WARNING) << "the comparison failed: " << result.status();
    v1::JobError* error = work.report.mutable_error();
    error->set_message(std::string(result.status().message()));
    error->set_transient(IsTransient(result.status()));
  }
  work.ended = true;
  std::lock_guard lock(mutex_);
  stirred_ = true;
  changed_.notify_one();
}

absl::StatusOr<v1::JobResult> ComparisonRunner::CompareGuarded(Work& work) {
  // Libraries throw where memory runs out; the coordinator lives on.
  try {
    return Compare(work);
  } catch (const std::exception& thrown) {
    return absl::InternalError(
        absl::StrCat("the comparison ended by an exception: ", thrown.what(),
                     "; if memory ran out, compare fewer networks at once or "
                     "give the coordinator's machine more"));
  }
}

absl::StatusOr<v1::JobResult> ComparisonRunner::Compare(Work& work) {
  ahead_.Stop();
  const std::string sweep = SweepOf(work.lease.job());
  std::string task;
  absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    const v1::Job* job = scheduler.FindJob(work.lease.job());
    if (job != nullptr) task = job->task();
  });
  if (!read.ok()) return read;
  auto input = ReadComparisonInput(ledger_, sweep, task);
  if (!input.ok()) return input.status();
  const analysis::Scratch scratch = ScratchOf(scratch_, sweep, task);
  input->pairs = pairs_;
  input->pairs.scratch = &scratch;
  input->pairs.go_on = [&work] { return !work.cancelled; };
  auto files = comparison::Compare(
      *input, [&](const std::string& digest) { return store_.ReadWholeArtifact(digest); },
      [&](absl::string_view phase, double share) {
        std::lock_guard lock(work.mutex);
        work.progress.set_phase(std::string(phase));
        work.progress.set_iterations(kProgressSteps);
        work.progress.set_iteration(static_cast<int64_t>(share * kProgressSteps));
        return !work.cancelled;
      });
  if (!files.ok()) return files.status();
  v1::JobResult result;
  for (const auto& [path, bytes] : *files) {
    auto artifact = store_.PutArtifact(bytes);
    if (!artifact.ok()) return artifact.status();
    (*result.mutable_artifacts())[path] = artifact->name().substr(sizeof("artifacts/") - 1);
  }
  scratch.Remove();
  return result;
}

}  // namespace rnnfarm::service
