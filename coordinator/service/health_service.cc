#include "coordinator/service/health_service.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_grpc.h"

namespace rnnfarm::service {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// How late a watcher that hung up is noticed.
constexpr std::chrono::milliseconds kWatchPoll(500);

}  // namespace

HealthService::HealthService(std::set<std::string> names) : names_(std::move(names)) {}

grpc::Status HealthService::Check(grpc::ServerContext*, const HealthCheckRequest* request,
                                  HealthCheckResponse* response) {
  if (!request->service().empty() && names_.count(request->service()) == 0) {
    return base::ToGrpc(
        absl::NotFoundError(absl::StrCat("service: there is no \"", request->service(), "\"")));
  }
  std::lock_guard lock(mutex_);
  response->set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  return grpc::Status::OK;
}

grpc::Status HealthService::Watch(grpc::ServerContext* context, const HealthCheckRequest* request,
                                  grpc::ServerWriter<HealthCheckResponse>* writer) {
  const auto ticket = watchers_.Enter(PeerOf(*context));
  if (!ticket.ok()) return base::ToGrpc(ticket.status());
  const bool known = request->service().empty() || names_.count(request->service()) > 0;
  HealthCheckResponse last;
  while (!context->IsCancelled()) {
    HealthCheckResponse now;
    {
      std::lock_guard lock(mutex_);
      now.set_status(!known     ? HealthCheckResponse::SERVICE_UNKNOWN
                     : serving_ ? HealthCheckResponse::SERVING
                                : HealthCheckResponse::NOT_SERVING);
    }
    if (now.status() != last.status() && !writer->Write(now)) break;
    last = now;
    std::unique_lock lock(mutex_);
    if (stopped_.wait_for(lock, kWatchPoll, [this] { return stopping_; })) {
      return base::ToGrpc(absl::UnavailableError("the coordinator is shutting down"));
    }
  }
  return grpc::Status::CANCELLED;
}

void HealthService::SetServing(bool serving) {
  std::lock_guard lock(mutex_);
  serving_ = serving;
}

void HealthService::Stop() {
  std::lock_guard lock(mutex_);
  serving_ = false;
  stopping_ = true;
  stopped_.notify_all();
}

}  // namespace rnnfarm::service
