#include "coordinator/store/garbage.h"

#include <glog/logging.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/free_space.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {
namespace {

using Digests = std::unordered_set<std::string>;

// Blob files are written anew when this share of them is garbage.
constexpr double kGarbageShare = 0.3;

bool IsHex(char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); }

std::unique_ptr<rocksdb::Iterator> Rows(Database& database, rocksdb::ColumnFamilyHandle* family) {
  return std::unique_ptr<rocksdb::Iterator>(
      database.db().NewIterator(rocksdb::ReadOptions(), family));
}

absl::Status AddOldArtifacts(Database& database, absl::Time before, Digests& old) {
  auto row = Rows(database, database.artifacts());
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    v1::Artifact artifact;
    if (!artifact.ParseFromArray(row->value().data(), static_cast<int>(row->value().size()))) {
      return absl::DataLossError(
          absl::StrCat("the row of artifacts/", row->key().ToString(), " is damaged"));
    }
    if (absl::FromUnixSeconds(artifact.create_time().seconds()) < before) {
      old.insert(row->key().ToString());
    }
  }
  return FromRocks(row->status(), "cannot read the artifacts' rows");
}

absl::Status AddOldUploads(Database& database, absl::Time before, Digests& old) {
  auto row = Rows(database, database.notes());
  for (row->Seek(kUploadPrefix); row->Valid() && row->key().starts_with(kUploadPrefix);
       row->Next()) {
    const auto micros = static_cast<int64_t>(FromBigEndian(AsView(row->value())));
    if (absl::FromUnixMicros(micros) >= before) continue;
    old.insert(row->key().ToString().substr(sizeof(kUploadPrefix) - 1));
  }
  return FromRocks(row->status(), "cannot read the uploads' rows");
}

// Whatever looks like a digest in a record's bytes is kept, so that no field can be forgotten.
void EraseNamed(absl::string_view record, Digests& digests) {
  size_t run = 0;
  for (size_t i = 0; i < record.size(); ++i) {
    run = IsHex(record[i]) ? run + 1 : 0;
    if (run < base::kDigestHexLength) continue;
    digests.erase(
        std::string(record.substr(i + 1 - base::kDigestHexLength, base::kDigestHexLength)));
  }
}

// The log of writes holds the chunks too until everything in it has become files.
absl::Status EmptyLog(Database& database) {
  return FromRocks(database.db().Flush(rocksdb::FlushOptions(),
                                       {database.notes(), database.records(), database.answers(),
                                        database.artifacts(), database.chunks()}),
                   "cannot empty the log of writes");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FindGarbage(Database& database, absl::Time before) {
  Digests digests;
  if (auto status = AddOldArtifacts(database, before, digests); !status.ok()) return status;
  if (auto status = AddOldUploads(database, before, digests); !status.ok()) return status;
  auto row = Rows(database, database.records());
  const std::string events = RecordKey(kEventPrefix, "");
  for (row->SeekToFirst(); row->Valid() && AsView(row->key()) < events; row->Next()) {
    EraseNamed(AsView(row->value()), digests);
  }
  if (auto status = FromRocks(row->status(), "cannot read the records"); !status.ok()) {
    return status;
  }
  std::vector<std::string> garbage(digests.begin(), digests.end());
  std::sort(garbage.begin(), garbage.end());
  return garbage;
}

absl::Status ReclaimSpace(Database& database, const Options& options, std::atomic<bool>* stop) {
  if (auto status = EmptyLog(database); !status.ok()) return status;
  rocksdb::CompactRangeOptions how;
  how.canceled = stop;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  // First without moving blobs: drops the files that are all garbage, and counts the rest.
  how.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kDisable;
  auto compact = [&] {
    const rocksdb::Status done =
        database.db().CompactRange(how, database.chunks(), nullptr, nullptr);
    return stop != nullptr && *stop ? absl::OkStatus()
                                    : FromRocks(done, "cannot reclaim the space of artifacts");
  };
  if (auto status = compact(); !status.ok()) return status;
  uint64_t all = 0, garbage = 0;
  using Properties = rocksdb::DB::Properties;
  database.db().GetIntProperty(database.chunks(), Properties::kLiveBlobFileSize, &all);
  database.db().GetIntProperty(database.chunks(), Properties::kLiveBlobFileGarbageSize, &garbage);
  if (garbage < kGarbageShare * all) return absl::OkStatus();
  auto free = FreeBytes(options);
  if (!free.ok()) return free.status();
  if (*free - options.free_space_floor_bytes < static_cast<int64_t>(all - garbage)) {
    LOG(WARNING) << "the store " << options.path << " holds " << garbage
                 << " bytes of removed artifacts; " << all - garbage
                 << " bytes more free space are needed to give them back";
    return absl::OkStatus();
  }
  how.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
  how.blob_garbage_collection_age_cutoff = 1;
  return compact();
}

}  // namespace rnnfarm::store
