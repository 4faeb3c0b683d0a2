// What this worker holds: its leases, how far each is, and what is still to be reported.
//
// Pure bookkeeping between the loop that synchronises and the threads that compute. Thread-safe;
// time comes in as an argument and is the monotonic clock's.
#ifndef RNNFARM_WORKER_RUNTIME_LEASE_TABLE_H_
#define RNNFARM_WORKER_RUNTIME_LEASE_TABLE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::worker {

using TimePoint = std::chrono::steady_clock::time_point;

// Share of its term after which a lease that was not renewed is no longer written for.
inline constexpr double kFencingShare = 0.8;

struct LeaseId {
  std::string job;
  uint64_t attempt = 0;
  auto operator<=>(const LeaseId&) const = default;
};

LeaseId IdOf(const v1::Lease& lease);

class LeaseTable {
 public:
  // ---- For the loop that synchronises ----

  // Fills in `held` and `reports`. Reports of leases that are past kFencingShare of their term
  // wait until an answer has told that the lease is still this worker's.
  void Fill(v1::SyncRequest& request, TimePoint now) const;
  // Whether all that `request` reports may still be said; false: it must not be sent again.
  bool MayReport(const v1::SyncRequest& request, TimePoint now) const;
  // Takes in the answer to `request`, which was first sent at `sent`; returns the leases that are
  // new, for which jobs must now be started.
  std::vector<v1::Lease> Apply(const v1::SyncRequest& request, const v1::SyncResponse& response,
                               TimePoint sent);
  // A final report waits to be sent.
  bool HasFinalReport(TimePoint now) const;
  bool HasCheckpointReport(TimePoint now) const;
  // Jobs that run, those included whose lease was dropped and that have not noticed yet.
  int running() const;
  // Leases whose jobs run or are to be reported.
  int size() const;
  // Nothing runs, nothing is held, nothing is to be reported.
  bool empty() const;
  bool holds_any() const;
  // For how long the coordinator grants leases; zero before its first answer.
  absl::Duration term() const;
  // Everything stops; nothing more is reported.
  void DropAll();

  // ---- For the threads that compute ----

  // Whether the lease is still this worker's, as far as is known.
  bool Wanted(const LeaseId& id) const;
  // Wanted, and renewed recently enough to write on its behalf.
  bool MayWrite(const LeaseId& id, TimePoint now) const;
  // How far the job is. Its counter grows by one with each call of this and of Advance, and with
  // nothing else: a thread that hangs calls neither.
  void SetProgress(const LeaseId& id, v1::Progress progress);
  // The thread got on, or waits as it should for something outside of it. `phase`: what it does
  // now, where that is another thing than before.
  void Advance(const LeaseId& id, absl::string_view phase = "");
  // Keeps the newest checkpoint of a lease for upload.
  void OfferCheckpoint(const LeaseId& id, int64_t iteration, std::string bytes);
  // The job's thread is done; `report` (result, error or return) is sent until it is answered,
  // after `checkpoint` if there is one. Forgotten at once if the lease was dropped.
  void Finish(const LeaseId& id, v1::JobReport report,
              std::optional<v1::Checkpoint> checkpoint = std::nullopt);

  // ---- For the thread that uploads checkpoints ----

  struct Offer {
    LeaseId id;
    int64_t iteration = 0;
    std::string bytes;
  };
  // A checkpoint whose predecessor was answered: each lease has at most one on its way.
  std::optional<Offer> TakeOffer(TimePoint now);
  // The offer taken is stored under `digest`; empty: its upload failed.
  void CheckpointUploaded(const Offer& offer, const std::string& digest);

 private:
  struct Entry {
    v1::Progress progress;
    TimePoint renewed;
    bool computing = true;
    bool dropped = false;
    std::optional<Offer> offer;
    bool uploading = false;
    std::optional<v1::JobReport> checkpoint;
    std::optional<v1::JobReport> final_report;
  };
  bool Fresh(const Entry& entry, TimePoint now) const;
  void Drop(const LeaseId& id);
  void Settle(const v1::JobReport& report, const v1::ReportOutcome& outcome);

  mutable std::mutex mutex_;
  std::chrono::duration<double> term_{0};
  std::map<LeaseId, Entry> entries_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_LEASE_TABLE_H_
