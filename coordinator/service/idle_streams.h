// Ends streams whose handlers wait for their peers too long, so that peers which went silent do not
// keep threads.
//
//   IdleStreams idle(absl::Minutes(1));
//   {
//     IdleStreams::Waiting waiting(idle, *context);
//     more = reader->Read(&message);
//   }
//
// The Read or Write returns false then, and the peer gets DEADLINE_EXCEEDED. Thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_IDLE_STREAMS_H_
#define RNNFARM_COORDINATOR_SERVICE_IDLE_STREAMS_H_

#include <grpcpp/server_context.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace rnnfarm::service {

class IdleStreams {
 public:
  explicit IdleStreams(absl::Duration limit);
  // Nobody may be waiting any more.
  ~IdleStreams();

  // For as long as one Read or Write takes; what the handler itself does in between has no limit.
  class Waiting {
   public:
    Waiting(IdleStreams& streams, grpc::ServerContextBase& context);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    IdleStreams& streams_;
    grpc::ServerContextBase& context_;
  };

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void Run();

  const absl::Duration limit_;
  // Guards all below but the thread. Held over the cancelling, so that no context goes away.
  std::mutex mutex_;
  std::condition_variable ending_;
  bool stopping_ = false;
  std::map<grpc::ServerContextBase*, TimePoint> waiting_since_;
  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_IDLE_STREAMS_H_
