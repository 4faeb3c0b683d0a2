#include "coordinator/store/free_space.h"

#include <rocksdb/env.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {
namespace {

constexpr int64_t kRecordsShare = 4;  // of the floor for uploads
constexpr int64_t kLeastToReopen = int64_t{1} << 20;

absl::Status CheckRoom(const Options& options, int64_t floor, absl::string_view refused) {
  auto free = FreeBytes(options);
  if (!free.ok()) return free.status();
  if (*free >= floor) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the disk of the store ", options.path, " has ", *free, " bytes free, below the floor of ",
      floor, " for ", refused, "; free some space: they are taken again as soon as it is there"));
}

}  // namespace

absl::StatusOr<int64_t> FreeBytes(const Options& options) {
  uint64_t free = 0;
  const rocksdb::Status status = EnvOf(options).GetFreeSpace(options.path, &free);
  if (!status.ok()) {
    return FromRocks(status, absl::StrCat("cannot ask for the free space of ", options.path));
  }
  return static_cast<int64_t>(free);
}

absl::Status CheckRoomForUpload(const Options& options) {
  return CheckRoom(options, options.free_space_floor_bytes, "uploads");
}

absl::Status CheckRoomForRecords(const Options& options) {
  return CheckRoom(options, options.free_space_floor_bytes / kRecordsShare, "submissions");
}

absl::Status CheckRoomToReopen(const Options& options) {
  return CheckRoom(options,
                   std::max(options.free_space_floor_bytes / kRecordsShare, kLeastToReopen),
                   "writing again");
}

}  // namespace rnnfarm::store
