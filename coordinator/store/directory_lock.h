// One process at a time may have a store open. The lock is flock(2) on <store>/holder, whose text
// says who holds it.
#ifndef RNNFARM_COORDINATOR_STORE_DIRECTORY_LOCK_H_
#define RNNFARM_COORDINATOR_STORE_DIRECTORY_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace rnnfarm::store {

class DirectoryLock {
 public:
  // Makes the directory if need be. FAILED_PRECONDITION with the path and the holder.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_DIRECTORY_LOCK_H_
