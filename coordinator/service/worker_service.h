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
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/service/ledger.h"
#include "coordinator/service/report_check.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

class WorkerService
    : public v1::WorkerService::WithCallbackMethod_Sync<v1::WorkerService::Service> {
 public:
  // Threads that look into reported artifacts.
  static constexpr int kCheckThreads = 2;

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
    std::shared_ptr<v1::SyncRequest> request;
    // Reports that the check replaced by errors, by index, and why.
    std::map<int, absl::Status> refused;
    bool parked = false;
    absl::Time deadline = absl::InfinitePast();
  };

  uint64_t Open(Reactor* reactor, const v1::SyncRequest& request, v1::SyncResponse* response);
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
  void CheckLoop();

  Ledger& ledger_;
  store::Store& store_;
  PassedChecks passed_;
  // Guards all below but the threads.
  std::mutex mutex_;
  std::condition_variable checkable_;
  bool stopping_ = false;
  uint64_t next_call_ = 1;
  std::map<uint64_t, Call> calls_;
  std::deque<uint64_t> to_check_;
  std::vector<std::thread> checkers_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_
