#ifndef RNNFARM_COORDINATOR_STORE_SYNC_FOLDER_H_
#define RNNFARM_COORDINATOR_STORE_SYNC_FOLDER_H_

#include <rocksdb/env.h>

#include <string>

#include "absl/status/status.h"

namespace rnnfarm::store {

// Makes the names in a folder durable. Otherwise a power cut may take a new folder's name, and with
// it all that was synced inside.
absl::Status SyncFolder(rocksdb::Env& env, const std::string& path);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_SYNC_FOLDER_H_
