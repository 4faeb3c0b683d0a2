// How many calls of one kind may be open at once, overall and from one peer.
//
//   PeerLimits uploads({.what = "uploads", .overall = 256, .a_peer = 64});
//   auto ticket = uploads.Enter(PeerOf(*context));   // RESOURCE_EXHAUSTED when there are too many
//   ... the ticket ends with the call
//
// Thread-safe; outlives its tickets.
#ifndef RNNFARM_COORDINATOR_SERVICE_PEER_LIMITS_H_
#define RNNFARM_COORDINATOR_SERVICE_PEER_LIMITS_H_

#include <grpcpp/server_context.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"

namespace rnnfarm::service {

// The other end's address without its port. A role's certificate is shared by many machines, so
// that it tells no peer from another.
std::string PeerOf(const grpc::ServerContextBase& context);

class PeerLimits {
 public:
  struct Limits {
    const char* what = "calls";
    int overall = 0;
    int a_peer = 0;
  };
  // Null once given back.
  struct Leave {
    PeerLimits* limits = nullptr;
    void operator()(const std::string* peer) const;
  };
  using Ticket = std::unique_ptr<const std::string, Leave>;

  explicit PeerLimits(const Limits& limits) : limits_(limits) {}

  absl::StatusOr<Ticket> Enter(const std::string& peer);

 private:
  const Limits limits_;
  // Guards all below.
  std::mutex mutex_;
  int open_ = 0;
  std::map<std::string, int> by_peer_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_PEER_LIMITS_H_
