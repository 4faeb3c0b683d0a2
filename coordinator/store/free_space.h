// How much room the store's disk has, and what is refused when there is little. Thread-safe.
#ifndef RNNFARM_COORDINATOR_STORE_FREE_SPACE_H_
#define RNNFARM_COORDINATOR_STORE_FREE_SPACE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

absl::StatusOr<int64_t> FreeBytes(const Options& options);

// RESOURCE_EXHAUSTED below the floor for uploads.
absl::Status CheckRoomForUpload(const Options& options);
// Records are small and end what is under way: a quarter of that floor is enough for them.
absl::Status CheckRoomForRecords(const Options& options);
// A store whose disk was full needs as much, and something in any case: what closing it frees by
// itself is soon full again.
absl::Status CheckRoomToReopen(const Options& options);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_FREE_SPACE_H_
