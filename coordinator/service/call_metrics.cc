#include "coordinator/service/call_metrics.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_grpc.h"
#include "grpc/health/v1/health.pb.h"
#include "rnnfarm/v1/farm_service.pb.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

constexpr char kUpload[] = "UploadArtifact";
constexpr char kDownload[] = "DownloadArtifact";

// One a call.
class Measure : public grpc::experimental::Interceptor {
 public:
  Measure(Metrics& metrics, const std::string& method) : metrics_(metrics), method_(method) {
    metrics_.CallBegan(method_);
  }
  ~Measure() override { metrics_.CallGone(method_); }

  void Intercept(InterceptorBatchMethods* at) override {
    if (at->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const absl::Status status = base::FromGrpc(at->GetSendStatus());
      metrics_.CallAnswered(method_, absl::StatusCodeToString(status.code()));
    }
    if (method_ == kUpload) CountReceived(*at);
    if (method_ == kDownload) CountSent(*at);
    at->Proceed();
  }

 private:
  void CountReceived(InterceptorBatchMethods& at) {
    if (!at.QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) return;
    const auto* message = static_cast<const v1::UploadArtifactRequest*>(at.GetRecvMessage());
    if (message != nullptr) metrics_.Uploaded(message->data().size());
  }
  void CountSent(InterceptorBatchMethods& at) {
    if (!at.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) return;
    const auto* message = static_cast<const v1::DownloadArtifactResponse*>(at.GetSendMessage());
    if (message != nullptr) metrics_.Downloaded(message->data().size());
  }

  Metrics& metrics_;
  const std::string& method_;
};

class Factory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(Metrics& metrics) : metrics_(metrics) {
    for (const auto* file :
         {v1::GetVersionRequest::descriptor()->file(), v1::SyncRequest::descriptor()->file(),
          grpc::health::v1::HealthCheckRequest::descriptor()->file()}) {
      for (int i = 0; i < file->service_count(); ++i) AddMethods(*file->service(i));
    }
  }

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    const auto known = names_.find(call->method());
    return new Measure(metrics_, known == names_.end() ? other_ : known->second);
  }

 private:
  void AddMethods(const google::protobuf::ServiceDescriptor& service) {
    for (int i = 0; i < service.method_count(); ++i) {
      const std::string& name = service.method(i)->name();
      names_[absl::StrCat("/", service.full_name(), "/", name)] = name;
    }
  }

  Metrics& metrics_;
  std::map<std::string, std::string> names_;  // by path
  const std::string other_ = "other";
};

}  // namespace

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> MeasureCalls(
    Metrics& metrics) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<Factory>(metrics));
  return creators;
}

}  // namespace rnnfarm::service
