// The farm as a command sees it: the coordinator's services with deadlines, pages and errors that
// name the address.
#ifndef RNNFARM_CLIENT_FARM_H_
#define RNNFARM_CLIENT_FARM_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/credentials.h"
#include "rnnfarm/v1/farm_service.grpc.pb.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::client {

inline constexpr char kDefaultCoordinator[] = "localhost:7070";
inline constexpr int kPageSize = 1000;
// The parent of a list over all sweeps.
inline constexpr char kAllSweeps[] = "sweeps/-";

// Thread-compatible; copies share one connection.
class Farm {
 public:
  // Credentials that are of no use are what every call ends with.
  Farm(const std::string& address, absl::Duration timeout,
       const base::Credentials& credentials = {});
  // Every call ends with `unusable`.
  explicit Farm(absl::Status unusable);

  const std::string& address() const { return address_; }
  v1::FarmService::Stub& farm() const { return *farm_; }
  v1::ArtifactService::Stub& artifacts() const { return *artifacts_; }

  // One call with this connection's deadline; an error that has no message of the coordinator's
  // says which address did not answer.
  //
  //   farm.Call(&v1::FarmService::Stub::GetSweep, request)
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout_));
    Response response;
    const grpc::Status status = (farm_.get()->*method)(&context, request, &response);
    if (!status.ok()) return Explain(status);
    return response;
  }

  // What a transfer of artifacts ended with, where the connection was why in words that name the
  // address.
  absl::Status ExplainTransfer(const absl::Status& status) const;

  // How many elements a response of a paged list has.
  template <typename Response>
  static int Elements(const Response& response) {
    return response.GetReflection()->FieldSize(response, Response::descriptor()->field(0));
  }

  // Calls `take` with every response of a paged list, whose first field holds the elements. `limit`
  // > 0 ends after so many of them.
  template <typename Request, typename Response>
  absl::Status ForEachPage(grpc::Status (v1::FarmService::Stub::*method)(grpc::ClientContext*,
                                                                         const Request&, Response*),
                           Request request, int64_t limit,
                           const std::function<void(const Response&)>& take) const {
    for (int64_t left = limit;;) {
      request.set_page_size(
          static_cast<int>(limit > 0 ? std::min<int64_t>(left, kPageSize) : kPageSize));
      absl::StatusOr<Response> response = Call(method, request);
      if (!response.ok()) return response.status();
      take(*response);
      // A page may end before it is full.
      left -= Elements(*response);
      if (response->next_page_token().empty() || (limit > 0 && left <= 0)) return absl::OkStatus();
      request.set_page_token(response->next_page_token());
    }
  }

 private:
  absl::Status Explain(const grpc::Status& status) const;

  std::string address_;
  bool encrypted_ = false;
  absl::Duration timeout_;
  absl::Status unusable_;
  std::shared_ptr<v1::FarmService::Stub> farm_;
  std::shared_ptr<v1::ArtifactService::Stub> artifacts_;
};

// A new request_id: 128 random bits.
std::string NewRequestId();

// "sweeps/NAME" of "NAME" or "sweeps/NAME"; INVALID_ARGUMENT for what can be no name.
absl::StatusOr<std::string> SweepName(const std::string& text);
// "sweeps/A/jobs/B" of "sweeps/A/jobs/B" or "A/B", with collection "jobs".
absl::StatusOr<std::string> ChildName(const std::string& text, const std::string& collection);
// The last segment of a resource name.
std::string LastSegment(const std::string& name);
// "train" of JOB_KIND_TRAIN, "failed" of JOB_STATE_FAILED, …
std::string Word(v1::JobKind kind);
std::string Word(v1::JobState state);
std::string Word(v1::SweepState state);
std::string Word(v1::NetworkState state);
std::string Word(v1::WorkerState state);
std::string Word(v1::Verdict verdict);
std::string Word(v1::JobEventKind kind);
// Every state's word, in the contract's order.
std::vector<std::string> JobStateWords();
std::vector<std::string> NetworkStateWords();
std::vector<std::string> SweepStateWords();
std::vector<std::string> WorkerStateWords();

bool IsEnded(v1::SweepState state);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_FARM_H_
