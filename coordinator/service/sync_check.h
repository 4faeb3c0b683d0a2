// What the edge asks of a worker's request before the scheduler sees it. Pure functions.
#ifndef RNNFARM_COORDINATOR_SERVICE_SYNC_CHECK_H_
#define RNNFARM_COORDINATOR_SERVICE_SYNC_CHECK_H_

#include "absl/status/status.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {

// The coordinator's own worker, which compares; nobody else may take this name.
inline constexpr char kCoordinatorWorker[] = "workers/coordinator";

// INVALID_ARGUMENT naming the field that is wrong.
absl::Status CheckSync(const v1::SyncRequest& request);

// Comparing needs the store at hand: no worker is offered it.
void DropComparing(v1::SyncRequest& request);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SYNC_CHECK_H_
