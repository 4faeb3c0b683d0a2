#include "worker/runtime/lease_table.h"

#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/logging.h"

namespace rnnfarm::worker {
namespace {

LeaseId IdOf(const v1::JobReport& report) { return {report.job(), report.attempt()}; }

// Refusals that say nothing about the lease: the same report may be taken later.
bool MayBeTakenLater(const v1::ReportOutcome& outcome) {
  return outcome.code() == "UNAVAILABLE" || outcome.code() == "RESOURCE_EXHAUSTED";
}

}  // namespace

LeaseId IdOf(const v1::Lease& lease) { return {lease.job(), lease.attempt()}; }

bool LeaseTable::Fresh(const Entry& entry, TimePoint now) const {
  return now - entry.renewed <= kFencingShare * term_;
}

void LeaseTable::Fill(v1::SyncRequest& request, TimePoint now) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.dropped) continue;
    v1::HeldLease& held = *request.add_held();
    held.set_job(id.job);
    held.set_attempt(id.attempt);
    *held.mutable_progress() = entry.progress;
    if (!Fresh(entry, now)) continue;
    if (entry.checkpoint) *request.add_reports() = *entry.checkpoint;
    if (entry.final_report) *request.add_reports() = *entry.final_report;
  }
}

bool LeaseTable::MayReport(const v1::SyncRequest& request, TimePoint now) const {
  return std::all_of(request.reports().begin(), request.reports().end(),
                     [&](const v1::JobReport& report) { return MayWrite(IdOf(report), now); });
}

void LeaseTable::Drop(const LeaseId& id) {
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (!found->second.computing) {
    entries_.erase(found);
    return;
  }
  // Its thread still looks at the entry; Finish erases it.
  found->second.dropped = true;
  found->second.offer.reset();
}

void LeaseTable::Settle(const v1::JobReport& report, const v1::ReportOutcome& outcome) {
  auto found = entries_.find(IdOf(report));
  if (found == entries_.end()) return;
  if (!outcome.accepted()) {
    const base::LogContext context({.job = report.job(), .attempt = report.attempt()});
    LOG(WARNING) << "the coordinator refused a report: " << outcome.code() << ": "
                 << outcome.message();
    if (!MayBeTakenLater(outcome)) Drop(found->first);
    return;
  }
  if (report.has_checkpoint()) {
    // A newer one may have come meanwhile.
    auto& waiting = found->second.checkpoint;
    if (waiting && waiting->checkpoint().digest() == report.checkpoint().digest()) waiting.reset();
  } else {
    entries_.erase(found);
  }
}

std::vector<v1::Lease> LeaseTable::Apply(const v1::SyncRequest& request,
                                         const v1::SyncResponse& response, TimePoint sent) {
  std::lock_guard lock(mutex_);
  if (response.has_lease_term()) {
    term_ = std::chrono::duration<double>(response.lease_term().seconds() +
                                          1e-9 * response.lease_term().nanos());
  }
  for (int i = 0; i < request.reports_size() && i < response.outcomes_size(); ++i) {
    Settle(request.reports(i), response.outcomes(i));
  }
  // `dropped` names jobs, a job as often as attempts of it are dropped. Of two that are held the
  // older one goes first: nobody is granted an attempt and loses it to one that came before.
  std::multiset<std::string> dropped(response.dropped().begin(), response.dropped().end());
  for (const v1::HeldLease& held : request.held()) {  // in order of attempt
    const LeaseId id{held.job(), held.attempt()};
    const auto named = dropped.find(id.job);
    const bool is_dropped = named != dropped.end();
    if (is_dropped) dropped.erase(named);
    auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    if (is_dropped) {
      const base::LogContext context({.job = id.job, .attempt = id.attempt});
      LOG(INFO) << "the lease was dropped";
      Drop(id);
    } else {
      found->second.renewed = sent;
    }
  }
  std::vector<v1::Lease> fresh;
  for (const v1::Lease& lease : response.leases()) {
    const auto [entry, added] = entries_.try_emplace(worker::IdOf(lease));
    entry->second.renewed = sent;
    if (added) fresh.push_back(lease);
  }
  return fresh;
}

bool LeaseTable::HasFinalReport(TimePoint now) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.final_report && Fresh(entry, now)) return true;
  }
  return false;
}

bool LeaseTable::HasCheckpointReport(TimePoint now) const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.checkpoint && Fresh(entry, now)) return true;
  }
  return false;
}

int LeaseTable::running() const {
  std::lock_guard lock(mutex_);
  int running = 0;
  for (const auto& [id, entry] : entries_) running += entry.computing;
  return running;
}

int LeaseTable::size() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(entries_.size());
}

bool LeaseTable::empty() const {
  std::lock_guard lock(mutex_);
  return entries_.empty();
}

absl::Duration LeaseTable::term() const {
  std::lock_guard lock(mutex_);
  return absl::FromChrono(std::chrono::duration_cast<std::chrono::nanoseconds>(term_));
}

bool LeaseTable::holds_any() const {
  std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    if (!entry.dropped) return true;
  }
  return false;
}

void LeaseTable::DropAll() {
  std::lock_guard lock(mutex_);
  for (auto next = entries_.begin(); next != entries_.end();) {
    const LeaseId id = next++->first;
    Drop(id);
  }
}

bool LeaseTable::Wanted(const LeaseId& id) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  return found != entries_.end() && !found->second.dropped;
}

bool LeaseTable::MayWrite(const LeaseId& id, TimePoint now) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  return found != entries_.end() && !found->second.dropped && Fresh(found->second, now);
}

void LeaseTable::SetProgress(const LeaseId& id, v1::Progress progress) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  progress.set_counter(found->second.progress.counter() + 1);
  found->second.progress = std::move(progress);
}

void LeaseTable::Advance(const LeaseId& id, absl::string_view phase) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  v1::Progress& progress = found->second.progress;
  progress.set_counter(progress.counter() + 1);
  if (!phase.empty()) progress.set_phase(std::string(phase));
}

void LeaseTable::OfferCheckpoint(const LeaseId& id, int64_t iteration, std::string bytes) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end() || found->second.dropped) return;
  found->second.offer = Offer{id, iteration, std::move(bytes)};
}

void LeaseTable::Finish(const LeaseId& id, v1::JobReport report,
                        std::optional<v1::Checkpoint> checkpoint) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.dropped) {
    entries_.erase(found);
    return;
  }
  entry.computing = false;
  entry.offer.reset();
  report.set_job(id.job);
  report.set_attempt(id.attempt);
  if (checkpoint) {
    entry.checkpoint.emplace();
    entry.checkpoint->set_job(id.job);
    entry.checkpoint->set_attempt(id.attempt);
    *entry.checkpoint->mutable_checkpoint() = *std::move(checkpoint);
  }
  entry.final_report = std::move(report);
}

std::optional<LeaseTable::Offer> LeaseTable::TakeOffer(TimePoint now) {
  std::lock_guard lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (!entry.offer || entry.uploading || entry.checkpoint || !Fresh(entry, now)) continue;
    entry.uploading = true;
    return std::exchange(entry.offer, std::nullopt);
  }
  return std::nullopt;
}

void LeaseTable::CheckpointUploaded(const Offer& offer, const std::string& digest) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(offer.id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.uploading = false;
  // A final report says more, and the coordinator takes no checkpoint after it.
  if (digest.empty() || entry.dropped || entry.final_report) return;
  entry.checkpoint.emplace();
  entry.checkpoint->set_job(offer.id.job);
  entry.checkpoint->set_attempt(offer.id.attempt);
  entry.checkpoint->mutable_checkpoint()->set_iteration(offer.iteration);
  entry.checkpoint->mutable_checkpoint()->set_digest(digest);
}

}  // namespace rnnfarm::worker
