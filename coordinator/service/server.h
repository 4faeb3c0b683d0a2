// The whole coordinator as a library: store, ledger, services, listener.
//
//   service::CoordinatorServer::Options options;
//   options.store.path = "/var/lib/rnnfarm/store";
//   auto server = service::CoordinatorServer::Start(options);   // serves when it returns
//   ... (*server)->port() ... (*server)->failure() ...
//   (*server)->Shutdown();
#ifndef RNNFARM_COORDINATOR_SERVICE_SERVER_H_
#define RNNFARM_COORDINATOR_SERVICE_SERVER_H_

#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "analysis/pairwise/pairwise.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/service/artifact_service.h"
#include "coordinator/service/server_credentials.h"
#include "coordinator/service/upkeep.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

inline constexpr char kDefaultListen[] = "127.0.0.1:7070";

class CoordinatorServer {
 public:
  struct Options {
    // HOST:PORT; port 0 takes a free one.
    std::string listen = kDefaultListen;
    ServerSecurity security;
    // Without it addresses beyond loopback are listened on only with TLS and callers that are
    // known, by certificate or token.
    bool insecure = false;
    TransferLimits transfers;
    store::Options store;
    // Its max_networks is the coordinator's limit on populations too.
    scheduler::Options scheduler;
    // Of one comparison; 0: the machine's cores.
    int comparison_threads = 0;
    // Of prepared networks that a comparison holds at once.
    int64_t comparison_memory_bytes = analysis::kDefaultMemoryBytes;
    Upkeep::Options upkeep;
    std::function<absl::Time()> now = absl::Now;
  };

  // INVALID_ARGUMENT for a configuration that can never work; FAILED_PRECONDITION if the store is
  // held by another process; UNAVAILABLE if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<CoordinatorServer>> Start(const Options& options);
  ~CoordinatorServer();

  int port() const;
  // What a client on this machine dials.
  std::string address() const;
  // Why the store can no longer be written to; the process should end then. OK while all is well.
  absl::Status failure() const;
  // For /metrics. Like Health, at any time, also beside Shutdown.
  std::vector<prometheus::MetricFamily> CollectMetrics() const;
  // OK while it serves: UNAVAILABLE when it shuts down, or why the store cannot be written to.
  absl::Status Health() const;
  // Ends running calls, gives the comparison's lease back and closes the store. Idempotent.
  void Shutdown();

 private:
  struct Parts;
  explicit CoordinatorServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SERVER_H_
