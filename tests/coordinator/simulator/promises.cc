#include "tests/coordinator/simulator/promises.h"

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::simulator {
namespace {

const v1::Job& JobIn(const Records& records, const std::string& name) {
  static const v1::Job kNone;
  const auto found = records.jobs.find(name);
  return found == records.jobs.end() ? kNone : found->second;
}

bool IsComparison(const std::string& job) { return absl::StrContains(job, "/jobs/compare-"); }

// A training whose result of another seed was given up.
bool IsReseeded(const v1::Job& job, const Records& records) {
  if (job.kind() != v1::JOB_KIND_TRAIN) return false;
  const std::string sweep = job.name().substr(0, job.name().find("/jobs/"));
  const auto network = records.networks.find(absl::StrCat(sweep, "/networks/", job.network()));
  return network != records.networks.end() && network->second.reseeds() > 0;
}

// Whether it was an attempt for a sweep that is deleted by now.
bool IsOfDeleted(const std::string& job, uint64_t attempt, const Records& records) {
  const auto found = records.deleted_sweeps.find(job.substr(0, job.find("/jobs/")));
  return found != records.deleted_sweeps.end() && found->second.last_attempt() >= attempt;
}

bool IsLive(const v1::Job& job, uint64_t number) {
  return std::any_of(job.attempts().begin(), job.attempts().end(), [&](const auto& attempt) {
    return attempt.attempt() == number && attempt.outcome().empty();
  });
}

void Raise(uint64_t& number, uint64_t to) { number = std::max(number, to); }

}  // namespace

void Promises::CheckSubmitted(const std::string& sweep, int64_t networks,
                              const Records& records) const {
  int64_t found = 0;
  for (auto at = records.networks.lower_bound(sweep + "/"); at != records.networks.end(); ++at) {
    if (!absl::StartsWith(at->first, sweep + "/")) break;
    ++found;
  }
  if (records.sweeps.count(sweep) == 0 || found < networks) {
    complain_(
        absl::StrCat(sweep, " was submitted with ", networks, " networks; ", found, " are there"));
  }
}

void Promises::CheckCancelled(const std::string& sweep, const Records& records) const {
  const auto found = records.sweeps.find(sweep);
  if (found == records.sweeps.end() || found->second.state() != v1::SWEEP_STATE_CANCELLED) {
    complain_(absl::StrCat(sweep, " was cancelled and is not"));
  }
}

void Promises::CheckLeased(const std::string& name, uint64_t attempt,
                           const Records& records) const {
  if (JobIn(records, name).attempt() >= attempt) return;
  if (IsOfDeleted(name, attempt, records)) return;
  complain_(absl::StrCat("attempt ", attempt, " of ", name, " was handed out and is forgotten"));
}

void Promises::CheckCommitted(const std::string& name, uint64_t attempt,
                              const Records& records) const {
  const v1::Job& job = JobIn(records, name);
  const bool kept = job.state() == v1::JOB_STATE_SUCCEEDED || job.state() == v1::JOB_STATE_DIVERGED;
  // Comparisons, and trainings that got another seed, are reopened with their attempts counted on.
  if (kept || IsOfDeleted(name, attempt, records)) return;
  if (job.attempt() >= attempt && (IsComparison(name) || IsReseeded(job, records))) return;
  complain_(absl::StrCat("the result of attempt ", attempt, " of ", name,
                         " was accepted and is not there"));
}

void Promises::CheckRetried(const std::string& name, uint64_t attempt,
                            const Records& records) const {
  const v1::Job& job = JobIn(records, name);
  const bool failed = job.state() == v1::JOB_STATE_FAILED ||
                      job.state() == v1::JOB_STATE_QUARANTINED || job.state() == v1::JOB_STATE_HELD;
  if (failed && job.attempt() <= attempt) {
    complain_(absl::StrCat(name, " was retried after attempt ", attempt, " and is not"));
  }
}

void Promises::Granted(const v1::Lease& lease, const Records& records) {
  CheckLeased(lease.job(), lease.attempt(), records);
  const v1::Job& job = JobIn(records, lease.job());
  const std::string own = absl::StrCat("state of ", lease.spec().stream_key(), "@");
  if (job.kind() == v1::JOB_KIND_TRAIN && !lease.spec().resume_from().empty() &&
      !absl::StartsWith(lease.spec().resume_from(), own)) {
    complain_(absl::StrCat(lease.job(), " goes on from \"", lease.spec().resume_from(),
                           "\", which is of another seed"));
  }
  const bool is_newest = job.attempt() == lease.attempt() && IsLive(job, lease.attempt());
  const bool first_told = leased_[lease.job()] < lease.attempt();
  if (is_newest && first_told && !lease.speculative() && !job.checkpoints().empty() &&
      lease.spec().resume_from() != job.checkpoints(job.checkpoints_size() - 1).digest()) {
    complain_(absl::StrCat(lease.job(), " resumes from \"", lease.spec().resume_from(),
                           "\", not from its newest checkpoint"));
  }
  Raise(leased_[lease.job()], lease.attempt());
}

void Promises::Accepted(const v1::JobReport& report, const Records& records) {
  const v1::Job& job = JobIn(records, report.job());
  if (report.has_checkpoint()) {
    const bool is_kept = std::any_of(
        job.checkpoints().begin(), job.checkpoints().end(),
        [&](const auto& kept) { return kept.digest() == report.checkpoint().digest(); });
    // Later events of the same batch may have gone on from it.
    if (!is_kept && IsLive(job, report.attempt()) && job.checkpoints().empty()) {
      complain_(absl::StrCat("a checkpoint of ", report.job(), " was accepted and is not there"));
    }
    return;
  }
  if (IsLive(job, report.attempt())) {
    complain_(absl::StrCat("attempt ", report.attempt(), " of ", report.job(),
                           " reported its end, was accepted and goes on"));
  }
  if (!report.has_result()) return;
  CheckCommitted(report.job(), report.attempt(), records);
  Raise(committed_[report.job()], report.attempt());
}

void Promises::Answered(const scheduler::Event& event, const service::Ledger::Reply& reply,
                        const Records& records) {
  // A later event of the same batch may have deleted the sweep.
  const auto is_gone = [&records](const std::string& name) {
    return records.sweeps.count(name) == 0 && records.deleted_sweeps.count(name) > 0;
  };
  if (const auto* submit = std::get_if<v1::SubmitSweepResponse>(&reply)) {
    const std::string& name = submit->sweep().name();
    if (is_gone(name)) return;
    int64_t& networks = submitted_[name];
    networks = std::max(networks, submit->sweep().network_count());
    CheckSubmitted(name, networks, records);
  } else if (const auto* cancel = std::get_if<scheduler::CancelSweep>(&event)) {
    if (is_gone(cancel->sweep)) return;
    cancelled_.insert(cancel->sweep);
    CheckCancelled(cancel->sweep, records);
  } else if (const auto* retry = std::get_if<scheduler::RetryJobs>(&event)) {
    for (const std::string& name : retry->jobs) {
      const v1::Job& job = JobIn(records, name);
      // It may have been handed out in the same batch, but has not failed again since.
      CheckRetried(name, job.attempt(), records);
      retried_[name] = job.attempt() - (job.state() == v1::JOB_STATE_LEASED ? 1 : 0);
    }
  } else if (const auto* sync = std::get_if<scheduler::Sync>(&event)) {
    const auto& response = std::get<v1::SyncResponse>(reply);
    for (const v1::Lease& lease : response.leases()) Granted(lease, records);
    for (int i = 0; i < response.outcomes_size(); ++i) {
      if (response.outcomes(i).accepted()) Accepted(sync->request.reports(i), records);
    }
  }
}

void Promises::Deleted(const std::string& sweep) {
  submitted_.erase(sweep);
  cancelled_.erase(sweep);
}

void Promises::Check(const Records& records) const {
  for (const auto& [sweep, networks] : submitted_) CheckSubmitted(sweep, networks, records);
  for (const std::string& sweep : cancelled_) CheckCancelled(sweep, records);
  for (const auto& [job, attempt] : leased_) CheckLeased(job, attempt, records);
  for (const auto& [job, attempt] : committed_) CheckCommitted(job, attempt, records);
  for (const auto& [job, attempt] : retried_) CheckRetried(job, attempt, records);
}

}  // namespace rnnfarm::simulator
