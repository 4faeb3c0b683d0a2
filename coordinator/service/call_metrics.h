// Counts every call by method and code, and the bytes of artifacts, in one place for all services.
//
//   builder.experimental().SetInterceptorCreators(MeasureCalls(metrics));
#ifndef RNNFARM_COORDINATOR_SERVICE_CALL_METRICS_H_
#define RNNFARM_COORDINATOR_SERVICE_CALL_METRICS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <vector>

#include "coordinator/service/metrics.h"

namespace rnnfarm::service {

// `metrics` must outlive the server. Methods that are not of our services count as "other": their
// names are the caller's.
std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> MeasureCalls(
    Metrics& metrics);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_CALL_METRICS_H_
