// grpc.health.v1.Health from its .proto: gRPC's own health service has no descriptor, so that
// reflection clients cannot call it.
#ifndef RNNFARM_COORDINATOR_SERVICE_HEALTH_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_HEALTH_SERVICE_H_

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "coordinator/service/peer_limits.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace rnnfarm::service {

class HealthService : public grpc::health::v1::Health::Service {
 public:
  // `names`: the services that are known beside "", the whole server.
  explicit HealthService(std::set<std::string> names);

  grpc::Status Check(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest*,
                     grpc::health::v1::HealthCheckResponse*) override;
  // Each watcher holds one thread of the pool: RESOURCE_EXHAUSTED when there are too many.
  grpc::Status Watch(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest*,
                     grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>*) override;

  void SetServing(bool serving);
  // Ends all watches.
  void Stop();

 private:
  const std::set<std::string> names_;
  PeerLimits watchers_{{.what = "health watches", .overall = 64, .a_peer = 8}};
  // Guards serving_ and stopping_.
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool serving_ = false;
  bool stopping_ = false;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_HEALTH_SERVICE_H_
