// Backups: a folder that holds several, which share the files that did not change.
#ifndef RNNFARM_COORDINATOR_STORE_BACKUP_H_
#define RNNFARM_COORDINATOR_STORE_BACKUP_H_

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/store/check.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {

// The oldest are removed beyond these.
inline constexpr int kBackupsKept = 8;

// Adds a backup of the open database to `folder`, which is made if need be, reads it back and
// compares checksums. CANCELLED when `*stop` became true, with nothing added. Thread-safe; one
// process at a time may use a folder.
absl::Status WriteBackup(Database& database, const std::string& folder, std::atomic<bool>* stop);

// When the newest backup in `folder` was written, to the second; NOT_FOUND if there is none.
absl::StatusOr<absl::Time> TimeOfNewestBackup(const std::string& folder);

// Makes the store `options.path`, which must be empty or not there (FAILED_PRECONDITION), from the
// newest backup in `folder` (NOT_FOUND) and checks it. With problems it is not kept: DATA_LOSS with
// the first one.
absl::StatusOr<CheckReport> RestoreBackup(const std::string& folder, const Options& options);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_BACKUP_H_
