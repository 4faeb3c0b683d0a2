#include "coordinator/store/sync_folder.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {

absl::Status SyncFolder(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> folder;
  rocksdb::Status status = env.NewDirectory(path, &folder);
  if (status.ok()) status = folder->Fsync();
  return FromRocks(status, absl::StrCat("cannot sync the folder ", path));
}

}  // namespace rnnfarm::store
