// WorkerService.Sync on gRPC's few callback threads, which never wait: SyncDesk does the work.
#ifndef RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_

#include "coordinator/service/peer_limits.h"
#include "coordinator/service/sync_desk.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

class WorkerService
    : public v1::WorkerService::WithCallbackMethod_Sync<v1::WorkerService::Service> {
 public:
  WorkerService(Ledger& ledger, store::Store& store) : desk_(ledger, store) {}

  grpc::ServerUnaryReactor* Sync(grpc::CallbackServerContext* context,
                                 const v1::SyncRequest* request,
                                 v1::SyncResponse* response) override;
  // Answers all open calls, and later ones, with UNAVAILABLE.
  void Stop() { desk_.Stop(); }

 private:
  struct Reactor;

  // Most are those of idle workers, parked. Many workers may stand behind one address.
  PeerLimits open_{{.what = "Sync calls", .overall = 16384, .a_peer = 4096}};
  SyncDesk desk_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_WORKER_SERVICE_H_
