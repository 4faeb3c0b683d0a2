#include "coordinator/service/idle_streams.h"

#include <grpc/grpc.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace rnnfarm::service {
namespace {

using std::chrono::steady_clock;

// How late a silent stream is noticed, as a part of its limit.
constexpr int kLooksALimit = 4;

}  // namespace

IdleStreams::IdleStreams(absl::Duration limit) : limit_(limit), thread_([this] { Run(); }) {}

IdleStreams::~IdleStreams() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void IdleStreams::Run() {
  const std::string why =
      absl::StrCat("nothing moved on the stream for ", absl::FormatDuration(limit_),
                   "; open another, which goes on at the offset reached");
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, absl::ToChronoNanoseconds(limit_ / kLooksALimit),
                           [this] { return stopping_; })) {
    const TimePoint oldest = steady_clock::now() - absl::ToChronoNanoseconds(limit_);
    for (auto& [context, since] : waiting_since_) {
      if (since > oldest) continue;
      // TryCancel would leave the peer with CANCELLED, which says nothing.
      grpc_call_cancel_with_status(context->c_call(), GRPC_STATUS_DEADLINE_EXCEEDED, why.c_str(),
                                   nullptr);
      since = TimePoint::max();
    }
  }
}

IdleStreams::Waiting::Waiting(IdleStreams& streams, grpc::ServerContextBase& context)
    : streams_(streams), context_(context) {
  std::lock_guard lock(streams_.mutex_);
  streams_.waiting_since_.emplace(&context_, steady_clock::now());
}

IdleStreams::Waiting::~Waiting() {
  std::lock_guard lock(streams_.mutex_);
  streams_.waiting_since_.erase(&context_);
}

}  // namespace rnnfarm::service
