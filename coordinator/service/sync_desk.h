// Where the Syncs of workers wait, without the transport. Nobody who opens or closes one waits: a
// request is posted to the ledger (reports with artifacts pass a check on a thread of their own
// first), and an idle worker's call is parked until there is work for it or its time is up.
//
//   SyncDesk desk(ledger, store);
//   uint64_t call = desk.Open(request, [](const absl::Status& status, v1::SyncResponse response) {
//     ...  // once, by whatever thread, also before Open returns
//   });
//   desk.Close(call);  // the worker hung up
#ifndef RNNFARM_COORDINATOR_SERVICE_SYNC_DESK_H_
#define RNNFARM_COORDINATOR_SERVICE_SYNC_DESK_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/service/ledger.h"
#include "coordinator/service/report_check.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {

// Thread-safe.
class SyncDesk {
 public:
  using Done = std::function<void(const absl::Status&, v1::SyncResponse)>;
  // Threads that look into reported artifacts.
  static constexpr int kCheckThreads = 2;
  // Parked calls that are asked about at once, and that the scheduler is given at once when there
  // is work for them: one new job must not set off thousands of idle workers.
  static constexpr int kAskedAtOnce = 256, kServedAtOnce = 64;

  SyncDesk(Ledger& ledger, store::Store& store);
  ~SyncDesk();

  // The request is one that CheckSync lets pass. 0 where `done` was called at once.
  uint64_t Open(const v1::SyncRequest& request, Done done);
  // Ends it with CANCELLED unless it was answered.
  void Close(uint64_t call);
  // Answers all parked calls, and later ones, with UNAVAILABLE.
  void Stop();

 private:
  struct Call {
    Done done;
    v1::SyncResponse answer;  // of one that was parked
    std::shared_ptr<v1::SyncRequest> request;
    // Reports that the check replaced by errors, by index, and why.
    std::map<int, absl::Status> refused;
    bool may_park = false;
    bool parked = false;
    absl::Time deadline = absl::InfinitePast();  // once it was parked
  };

  using Parked = std::pair<uint64_t, std::shared_ptr<v1::SyncRequest>>;

  // 0 when stopping.
  uint64_t Add(const v1::SyncRequest& request, Done& done);
  void PostToLedger(uint64_t call);
  // At once, so that no lease runs out while reports wait for their check.
  void RenewBeforeCheck(const v1::SyncRequest& request);
  void Answered(uint64_t call, absl::StatusOr<Ledger::Reply> reply);
  // Whether the call was parked again instead of being answered.
  bool Park(uint64_t call, const v1::SyncResponse& response);
  // Whoever takes the call out of the table finishes it; later ones do nothing.
  void Finish(uint64_t call, const absl::Status& status, v1::SyncResponse response = {});
  // After each batch of the ledger.
  void WakeParked(bool woke);
  void FinishExpired();
  // Posts those of the next parked calls that there is work for.
  void ServeParked();
  std::vector<Parked> NextToAsk();
  // With mutex_ held. Whether it was parked.
  bool Unpark(uint64_t id, Call& call);
  void CheckLoop();

  Ledger& ledger_;
  store::Store& store_;
  PassedChecks passed_;
  // Guards all below, up to the threads.
  std::mutex mutex_;
  std::condition_variable checkable_;
  bool stopping_ = false;
  uint64_t next_call_ = 1;
  std::map<uint64_t, Call> calls_;
  std::set<uint64_t> parked_;                            // of them, the oldest first
  std::set<std::pair<absl::Time, uint64_t>> deadlines_;  // of those
  std::deque<uint64_t> to_check_;
  std::vector<std::thread> checkers_;
  // Of the ledger's thread: parked calls from this one on were not asked since work appeared.
  uint64_t next_to_ask_ = 0;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SYNC_DESK_H_
