// Artifacts that no record refers to, and uploads that were never finished. Thread-safe.
#ifndef RNNFARM_COORDINATOR_STORE_GARBAGE_H_
#define RNNFARM_COORDINATOR_STORE_GARBAGE_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {

// Digests of what is older than `before` and that no record names, in order.
absl::StatusOr<std::vector<std::string>> FindGarbage(Database& database, absl::Time before);

// Gives the space of removed chunks back to the disk, once enough of it is garbage. Reads and
// writes go on meanwhile; ends early when `*stop` becomes true.
absl::Status ReclaimSpace(Database& database, const Options& options, std::atomic<bool>* stop);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_GARBAGE_H_
