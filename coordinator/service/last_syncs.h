// The last answer to each worker's Sync that granted or settled something, given again if the
// worker repeats that request because the answer was lost. Not thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_LAST_SYNCS_H_
#define RNNFARM_COORDINATOR_SERVICE_LAST_SYNCS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {

class LastSyncs {
 public:
  // Workers at most, so that names which never come back do not add up.
  static constexpr size_t kMaxWorkers = 10'000;

  // Null if the request is new, or has no id.
  const v1::SyncResponse* Find(const v1::SyncRequest& request) const;
  void Remember(const v1::SyncRequest& request, const v1::SyncResponse& response);
  void Clear();

 private:
  struct Answer {
    std::string request_id;
    v1::SyncResponse response;
    uint64_t number = 0;
  };
  std::map<std::string, Answer> answers_;  // by worker
  std::map<uint64_t, std::string> order_;  // workers, the oldest answer first
  uint64_t last_number_ = 0;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_LAST_SYNCS_H_
