#include <memory>

#include "coordinator/store/artifact_rows.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {

absl::Status ArtifactRows::Remove(const std::string& digest) {
  rocksdb::WriteBatch batch;
  batch.Delete(database_.artifacts(), digest).PermitUncheckedError();
  batch.Delete(database_.notes(), UploadKey(digest)).PermitUncheckedError();
  batch.DeleteRange(database_.chunks(), ChunkKey(digest, 0), ChunksEnd(digest))
      .PermitUncheckedError();
  {
    std::lock_guard lock(mutex_);
    committed_.erase(digest);
  }
  return database_.Write(&batch);
}

absl::StatusOr<absl::Time> ArtifactRows::TimeOf(absl::string_view digest) {
  auto artifact = Get(digest);
  if (artifact.ok()) return absl::FromUnixSeconds(artifact->create_time().seconds());
  if (!absl::IsNotFound(artifact.status())) return artifact.status();
  std::string value;
  const rocksdb::Status status =
      database_.db().Get(rocksdb::ReadOptions(), database_.notes(), UploadKey(digest), &value);
  if (status.IsNotFound()) return absl::InfiniteFuture();
  if (!status.ok()) return FromRocks(status, "cannot read an upload's row");
  return absl::FromUnixMicros(static_cast<int64_t>(FromBigEndian(value)));
}

absl::StatusOr<std::optional<int64_t>> ArtifactRows::RemoveOlder(absl::string_view digest,
                                                                 absl::Time before) {
  std::lock_guard lock(StripeOf(digest));
  auto time = TimeOf(digest);
  if (!time.ok()) return time.status();
  if (*time >= before) return std::nullopt;
  auto artifact = Get(digest);
  auto committed = artifact.ok() ? absl::StatusOr<int64_t>(artifact->size_bytes())
                                 : Committed(std::string(digest));
  if (!committed.ok()) return committed.status();
  if (auto status = Remove(std::string(digest)); !status.ok()) return status;
  return *committed;
}

void ArtifactRows::Forget() {
  std::lock_guard lock(mutex_);
  committed_.clear();
}

}  // namespace rnnfarm::store
