// One Sync call at a time, which the caller can break off.
#ifndef RNNFARM_WORKER_RUNTIME_SYNC_CALL_H_
#define RNNFARM_WORKER_RUNTIME_SYNC_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::worker {

// 128 random bits in the form of a UUID.
std::string MakeRequestId();

// Thread-compatible.
class SyncCall {
 public:
  explicit SyncCall(std::shared_ptr<grpc::Channel> channel);
  ~SyncCall();

  // Blocks until the answer, an error, or `interrupted` (asked every few milliseconds), which ends
  // the call with CANCELLED.
  absl::StatusOr<v1::SyncResponse> Call(const v1::SyncRequest& request, absl::Duration deadline,
                                        const std::function<bool()>& interrupted);

  // Whether the connection stands; begins to make it if not.
  bool Connected() { return channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::CompletionQueue queue_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_SYNC_CALL_H_
