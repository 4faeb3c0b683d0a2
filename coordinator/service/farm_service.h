// FarmService: what people ask of the coordinator. Handlers run on gRPC's thread pool and may wait
// for the ledger.
#ifndef RNNFARM_COORDINATOR_SERVICE_FARM_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_FARM_SERVICE_H_

#include <string>
#include <utility>
#include <variant>

#include "coordinator/service/ledger.h"
#include "coordinator/service/selections.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/farm_service.grpc.pb.h"

namespace rnnfarm::service {

inline constexpr size_t kMaxRequestIdBytes = 128;

class FarmService : public v1::FarmService::Service {
 public:
  FarmService(Ledger& ledger, store::Store& store, int64_t max_networks)
      : ledger_(ledger), store_(store), max_networks_(max_networks) {}

  grpc::Status GetVersion(grpc::ServerContext*, const v1::GetVersionRequest*,
                          v1::GetVersionResponse*) override;
  grpc::Status SubmitSweep(grpc::ServerContext*, const v1::SubmitSweepRequest*,
                           v1::SubmitSweepResponse*) override;
  grpc::Status GetSweep(grpc::ServerContext*, const v1::GetSweepRequest*,
                        v1::GetSweepResponse*) override;
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest*,
                          v1::ListSweepsResponse*) override;
  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest*,
                           v1::CancelSweepResponse*) override;
  grpc::Status PauseSweep(grpc::ServerContext*, const v1::PauseSweepRequest*,
                          v1::PauseSweepResponse*) override;
  grpc::Status ResumeSweep(grpc::ServerContext*, const v1::ResumeSweepRequest*,
                           v1::ResumeSweepResponse*) override;
  grpc::Status DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest*,
                           v1::DeleteSweepResponse*) override;
  grpc::Status ListConfigurations(grpc::ServerContext*, const v1::ListConfigurationsRequest*,
                                  v1::ListConfigurationsResponse*) override;
  grpc::Status GetNetwork(grpc::ServerContext*, const v1::GetNetworkRequest*,
                          v1::GetNetworkResponse*) override;
  grpc::Status ListNetworks(grpc::ServerContext*, const v1::ListNetworksRequest*,
                            v1::ListNetworksResponse*) override;
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*, v1::GetJobResponse*) override;
  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest*,
                        v1::ListJobsResponse*) override;
  grpc::Status ListJobEvents(grpc::ServerContext*, const v1::ListJobEventsRequest*,
                             v1::ListJobEventsResponse*) override;
  grpc::Status RetryJobs(grpc::ServerContext*, const v1::RetryJobsRequest*,
                         v1::RetryJobsResponse*) override;
  grpc::Status GetWorker(grpc::ServerContext*, const v1::GetWorkerRequest*,
                         v1::GetWorkerResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override;
  grpc::Status DrainWorker(grpc::ServerContext*, const v1::DrainWorkerRequest*,
                           v1::DrainWorkerResponse*) override;
  grpc::Status ListResultFiles(grpc::ServerContext*, const v1::ListResultFilesRequest*,
                               v1::ListResultFilesResponse*) override;

 private:
  // Applies the event, or answers as before if this request was answered before.
  absl::StatusOr<Ledger::Reply> CallOnce(scheduler::Event event, const char* method,
                                         const std::string& request_id);
  template <typename Message>
  absl::StatusOr<Message> Change(scheduler::Event event, const char* method,
                                 const std::string& request_id) {
    return As<Message>(CallOnce(std::move(event), method, request_id), method);
  }
  // The first answer to a request that may no longer pass the checks that come before Change;
  // NOT_FOUND if it was not answered yet.
  template <typename Message>
  absl::StatusOr<Message> FirstAnswer(const char* method, const std::string& request_id) {
    if (request_id.empty()) return absl::NotFoundError("every call without a request_id is new");
    return As<Message>(ledger_.FindAnswer(AnswerKey(method, request_id)), method);
  }
  // One change of a sweep by name: cancel, pause, resume, delete.
  template <typename Event, typename Request, typename Response>
  grpc::Status ChangeSweep(const char* method, const Request& request, Response* response);
  static std::string AnswerKey(const char* method, const std::string& request_id);
  template <typename Message>
  static absl::StatusOr<Message> As(absl::StatusOr<Ledger::Reply> reply, const char* method) {
    if (!reply.ok()) return reply.status();
    if (auto* message = std::get_if<Message>(&*reply)) return std::move(*message);
    return absl::InternalError(std::string(method) + " was answered with another kind of message");
  }

  Ledger& ledger_;
  store::Store& store_;
  const int64_t max_networks_;
  Selections selections_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_FARM_SERVICE_H_
