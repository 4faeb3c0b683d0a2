#include "worker/runtime/sync_call.h"

#include <grpcpp/client_context.h>

#include <random>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status_grpc.h"

namespace rnnfarm::worker {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);

}  // namespace

std::string MakeRequestId() {
  std::random_device device;
  const auto part = [&device] { return static_cast<uint32_t>(device()); };
  const uint32_t a = part(), b = part(), c = part(), d = part();
  // Version 4, variant 1 of RFC 4122.
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%04x%08x", a, b >> 16, b & 0xfff, 0x8000 | (c >> 18),
                         c & 0xffff, d);
}

SyncCall::SyncCall(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)), stub_(v1::WorkerService::NewStub(channel_)) {}

SyncCall::~SyncCall() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

absl::StatusOr<v1::SyncResponse> SyncCall::Call(const v1::SyncRequest& request,
                                                absl::Duration deadline,
                                                const std::function<bool()>& interrupted) {
  // The caller's pauses count, not those that the channel makes between its tries.
  grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  v1::SyncResponse response;
  grpc::Status status;
  auto reader = stub_->AsyncSync(&context, request, &queue_);
  reader->Finish(&response, &status, this);
  void* tag = nullptr;
  bool ok = false;
  while (queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(absl::Now() + kPoll)) ==
         grpc::CompletionQueue::TIMEOUT) {
    if (interrupted()) context.TryCancel();
  }
  if (!status.ok()) return base::FromGrpc(status);
  return response;
}

}  // namespace rnnfarm::worker
