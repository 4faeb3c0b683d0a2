#include "coordinator/store/artifact_rows.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "coordinator/store/free_space.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {
namespace {

constexpr absl::string_view kArtifactPrefix = "artifacts/";

absl::Status CheckDigest(absl::string_view digest) {
  if (base::IsDigest(digest)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", digest, "\" is not an artifact's digest: 64 lower-case hexadecimal digits of SHA-256"));
}

absl::Status OutOfRange(absl::string_view digest, int64_t offset, int64_t committed) {
  return absl::OutOfRangeError(absl::StrCat("upload of artifacts/", digest, " goes on at offset ",
                                            committed, ", not at ", offset));
}

absl::Status Mismatch(absl::string_view digest) {
  return absl::DataLossError(
      absl::StrCat("the stored bytes of artifacts/", digest, " no longer match their digest"));
}

}  // namespace

std::mutex& ArtifactRows::StripeOf(absl::string_view digest) {
  return stripes_[std::hash<std::string>()(std::string(digest)) % kStripes];
}

absl::StatusOr<v1::Artifact> ArtifactRows::Get(absl::string_view digest) {
  if (auto status = CheckDigest(digest); !status.ok()) return status;
  std::string value;
  const rocksdb::Status status =
      database_.db().Get(rocksdb::ReadOptions(), database_.artifacts(), AsSlice(digest), &value);
  if (status.IsNotFound()) {
    return absl::NotFoundError(
        absl::StrCat("there is no artifacts/", digest,
                     "; it was never uploaded to its end, or was removed since nothing refers to "
                     "it"));
  }
  if (!status.ok()) return FromRocks(status, "cannot read an artifact's row");
  v1::Artifact artifact;
  if (!artifact.ParseFromString(value)) {
    return absl::DataLossError(absl::StrCat("the row of artifacts/", digest, " is damaged"));
  }
  return artifact;
}

absl::Status ArtifactRows::ForEachChunk(
    absl::string_view digest, int64_t offset,
    const std::function<bool(int64_t, absl::string_view)>& take) {
  std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.chunks()));
  const std::string key = ChunkKey(digest, offset);
  // The chunk that holds the offset, or else the first behind it; never more than one step, since
  // what follows are the chunks of other artifacts.
  row->SeekForPrev(key);
  if (!row->Valid()) {
    row->Seek(key);
  } else if (!IsChunkOf(AsView(row->key()), digest)) {
    row->Next();
  }
  for (; row->Valid() && IsChunkOf(AsView(row->key()), digest); row->Next()) {
    if (!take(ChunkOffset(AsView(row->key())), AsView(row->value()))) break;
  }
  return FromRocks(row->status(), absl::StrCat("cannot read the chunks of artifacts/", digest));
}

absl::StatusOr<int64_t> ArtifactRows::Committed(const std::string& digest) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = committed_.find(digest); found != committed_.end()) return found->second;
  }
  int64_t committed = 0;
  auto status = ForEachChunk(digest, 0, [&](int64_t offset, absl::string_view data) {
    if (offset != committed) return false;
    committed += data.size();
    return true;
  });
  if (!status.ok()) return status;
  std::lock_guard lock(mutex_);
  committed_[digest] = committed;
  return committed;
}

absl::StatusOr<Store::UploadState> ArtifactRows::GetUpload(absl::string_view digest) {
  if (auto status = CheckDigest(digest); !status.ok()) return status;
  std::lock_guard lock(StripeOf(digest));
  auto artifact = Get(digest);
  if (artifact.ok()) artifact = Renewed(*std::move(artifact));
  if (artifact.ok()) return Store::UploadState{artifact->size_bytes(), true};
  if (!absl::IsNotFound(artifact.status())) return artifact.status();
  auto committed = Committed(std::string(digest));
  if (!committed.ok()) return committed.status();
  return Store::UploadState{*committed, false};
}

// A worker that is told that an artifact is there reports it next: its age begins anew.
absl::StatusOr<v1::Artifact> ArtifactRows::Renewed(v1::Artifact artifact) {
  const absl::Time now = options_.now();
  if (now - absl::FromUnixSeconds(artifact.create_time().seconds()) < kRenewAfter) return artifact;
  artifact.mutable_create_time()->set_seconds(absl::ToUnixSeconds(now));
  rocksdb::WriteBatch batch;
  batch
      .Put(database_.artifacts(), artifact.name().substr(kArtifactPrefix.size()),
           artifact.SerializeAsString())
      .PermitUncheckedError();
  if (auto status = database_.Write(&batch); !status.ok()) return status;
  return artifact;
}

absl::Status ArtifactRows::Append(absl::string_view digest, int64_t size_bytes, int64_t offset,
                                  absl::string_view data) {
  if (auto status = CheckDigest(digest); !status.ok()) return status;
  if (offset < 0 || size_bytes < 0 || offset > size_bytes - static_cast<int64_t>(data.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("upload of artifacts/", digest, ": ", data.size(), " bytes at offset ", offset,
                     " do not fit into the declared size of ", size_bytes, " bytes"));
  }
  std::lock_guard lock(StripeOf(digest));
  if (auto artifact = Get(digest); !absl::IsNotFound(artifact.status())) return artifact.status();
  const std::string name(digest);
  auto committed = Committed(name);
  if (!committed.ok()) return committed.status();
  if (offset > *committed) return OutOfRange(digest, offset, *committed);
  const int64_t known = *committed - offset;
  if (known >= data.size()) return absl::OkStatus();
  data.remove_prefix(known);
  if (auto status = CheckRoomForUpload(options_); !status.ok()) return status;
  rocksdb::WriteBatch batch;
  batch.Put(database_.notes(), UploadKey(digest), BigEndian(absl::ToUnixMicros(options_.now())))
      .PermitUncheckedError();
  for (int64_t at = 0; at < data.size(); at += kMaxChunkRowBytes) {
    batch
        .Put(database_.chunks(), ChunkKey(digest, *committed + at),
             AsSlice(data.substr(at, kMaxChunkRowBytes)))
        .PermitUncheckedError();
  }
  if (auto status = database_.Write(&batch); !status.ok()) return status;
  std::lock_guard map_lock(mutex_);
  committed_[name] = *committed + static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::StatusOr<ArtifactRows::Contents> ArtifactRows::DigestRows(absl::string_view digest) {
  base::Digest actual;
  Contents contents;
  auto status = ForEachChunk(digest, 0, [&](int64_t offset, absl::string_view data) {
    if (offset != contents.length) return false;
    actual.Update(data);
    contents.length += static_cast<int64_t>(data.size());
    return true;
  });
  if (!status.ok()) return status;
  contents.digest = actual.Finish();
  return contents;
}

absl::StatusOr<v1::Artifact> ArtifactRows::Finish(absl::string_view digest, int64_t size_bytes) {
  std::lock_guard lock(StripeOf(digest));
  auto present = Get(digest);
  if (present.ok()) return Renewed(*std::move(present));
  if (!absl::IsNotFound(present.status())) return present;
  const std::string name(digest);
  auto committed = Committed(name);
  if (!committed.ok()) return committed.status();
  if (*committed < size_bytes) return OutOfRange(digest, size_bytes, *committed);
  auto bytes = DigestRows(digest);
  if (!bytes.ok()) return bytes.status();
  if (bytes->length != size_bytes || bytes->digest != digest) {
    if (auto dropped = Remove(name); !dropped.ok()) return dropped;
    return absl::DataLossError(
        absl::StrCat("the uploaded ", bytes->length, " bytes have the digest ", bytes->digest,
                     ", not artifacts/", digest, " of ", size_bytes,
                     " bytes; nothing of them was kept: upload the artifact again"));
  }
  v1::Artifact artifact;
  artifact.set_name(absl::StrCat(kArtifactPrefix, digest));
  artifact.set_size_bytes(size_bytes);
  artifact.mutable_create_time()->set_seconds(absl::ToUnixSeconds(options_.now()));
  rocksdb::WriteBatch batch;
  batch.Put(database_.artifacts(), AsSlice(digest), artifact.SerializeAsString())
      .PermitUncheckedError();
  batch.Delete(database_.notes(), UploadKey(digest)).PermitUncheckedError();
  if (auto written = database_.Write(&batch); !written.ok()) return written;
  std::lock_guard map_lock(mutex_);
  committed_.erase(name);
  return artifact;
}

absl::StatusOr<std::string> ArtifactRows::Read(absl::string_view digest, int64_t offset,
                                               int64_t max_bytes) {
  auto artifact = Get(digest);
  if (!artifact.ok()) return artifact.status();
  const int64_t size = artifact->size_bytes();
  if (offset < 0 || offset > size || max_bytes < 0) {
    return absl::OutOfRangeError(absl::StrCat("artifacts/", digest, " has ", size,
                                              " bytes; offset ", offset, " is beyond them"));
  }
  const int64_t wanted = std::min(max_bytes, size - offset);
  std::string bytes;
  bytes.reserve(wanted);
  auto status = ForEachChunk(digest, offset, [&](int64_t start, absl::string_view data) {
    const int64_t at = offset + static_cast<int64_t>(bytes.size());
    if (start > at || at - start >= data.size()) return false;
    absl::string_view rest = data.substr(at - start, wanted - bytes.size());
    bytes.append(rest.data(), rest.size());
    return bytes.size() < wanted;
  });
  if (!status.ok()) return status;
  if (bytes.size() != wanted) {
    return absl::DataLossError(
        absl::StrCat("artifacts/", digest, " ends at byte ", offset + bytes.size(), " of ", size));
  }
  return bytes;
}

absl::StatusOr<std::string> ArtifactRows::ReadWhole(absl::string_view digest) {
  auto artifact = Get(digest);
  if (!artifact.ok()) return artifact.status();
  auto bytes = Read(digest, 0, artifact->size_bytes());
  if (!bytes.ok()) return bytes;
  if (base::DigestOf(*bytes) != digest) return Mismatch(digest);
  return bytes;
}

absl::StatusOr<int64_t> ArtifactRows::CheckWhole(absl::string_view digest) {
  auto artifact = Get(digest);
  if (!artifact.ok()) return artifact.status();
  auto bytes = DigestRows(digest);
  if (!bytes.ok()) return bytes.status();
  if (bytes->length != artifact->size_bytes()) {
    return absl::DataLossError(absl::StrCat("artifacts/", digest, " ends at byte ", bytes->length,
                                            " of ", artifact->size_bytes()));
  }
  if (bytes->digest != digest) return Mismatch(digest);
  return bytes->length;
}

}  // namespace rnnfarm::store
