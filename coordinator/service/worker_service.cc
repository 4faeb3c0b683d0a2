#include "coordinator/service/worker_service.h"

#include <utility>

#include "base/status_grpc.h"
#include "coordinator/service/sync_check.h"

namespace rnnfarm::service {

struct WorkerService::Reactor : grpc::ServerUnaryReactor {
  explicit Reactor(SyncDesk& desk) : desk(desk) {}
  void OnCancel() override { desk.Close(call); }
  void OnDone() override { delete this; }

  SyncDesk& desk;
  PeerLimits::Ticket ticket;
  // Set before gRPC knows of the reactor, which is when Sync returns it.
  uint64_t call = 0;
};

grpc::ServerUnaryReactor* WorkerService::Sync(grpc::CallbackServerContext* context,
                                              const v1::SyncRequest* request,
                                              v1::SyncResponse* response) {
  auto* reactor = new Reactor(desk_);
  if (auto status = CheckSync(*request); !status.ok()) {
    reactor->Finish(base::ToGrpc(status));
    return reactor;
  }
  auto ticket = open_.Enter(PeerOf(*context));
  if (!ticket.ok()) {
    reactor->Finish(base::ToGrpc(ticket.status()));
    return reactor;
  }
  reactor->ticket = *std::move(ticket);
  reactor->call = desk_.Open(
      *request, [reactor, response](const absl::Status& status, v1::SyncResponse answer) {
        *response = std::move(answer);
        reactor->ticket.reset();
        reactor->Finish(base::ToGrpc(status));
      });
  return reactor;
}

}  // namespace rnnfarm::service
