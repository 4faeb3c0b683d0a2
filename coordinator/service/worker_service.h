// WorkerService.Sync. Runs on gRPC's few callback threads, which never wait: a request is posted
// to the ledger (reports with artifacts pass a check on a thread of their own first), and an idle
// worker's call is parked until there is work for it or its time is up.
#ifndef RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/service/ledger.h"
#include "coordinator/service/peer_limits.h"
#include "coordinator/service/report_check.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

class WorkerService
    : public v1::WorkerService::WithCallbackMethod_Sync<v1::WorkerService::Service> {
 public:
  // Threads that look into reported artifacts.
  static constexpr int kCheckThreads = 2;
  // Parked calls that are asked about at once, and that the scheduler is given at once when there
  // is work for them: one new job must not set off thousands of idle workers.
  static constexpr int kAskedAtOnce = 256, kServedAtOnce = 64;

  WorkerService(Ledger& ledger, store::Store& store);
  ~WorkerService() override;

  grpc::ServerUnaryReactor* Sync(grpc::CallbackServerContext* context,
                                 const v1::SyncRequest* request,
                                 v1::SyncResponse* response) override;
  // Answers all parked calls, and later ones, with UNAVAILABLE.
  void Stop();

 private:
  struct Reactor;
  struct Call {
    Reactor* reactor = nullptr;
    v1::SyncResponse* response = nullptr;
    PeerLimits::Ticket ticket;
    std::shared_ptr<v1::SyncRequest> request;
    // Reports that the check replaced by errors, by index, and why.
    std::map<int, absl::Status> refused;
    bool may_park = false;
    bool parked = false;
    absl::Time deadline = absl::InfinitePast();  // once it was parked
  };

  using Parked = std::pair<uint64_t, std::shared_ptr<v1::SyncRequest>>;

  uint64_t Open(Reactor* reactor, PeerLimits::Ticket ticket, const v1::SyncRequest& request,
                v1::SyncResponse* response);
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
  // Most are those of idle workers, parked. Many workers may stand behind one address.
  PeerLimits open_{{.what = "Sync calls", .overall = 16384, .a_peer = 4096}};
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

#endif  // RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_
