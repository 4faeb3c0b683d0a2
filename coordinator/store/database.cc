#include "coordinator/store/database.h"

#include <glog/logging.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <set>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/log_tail.h"
#include "coordinator/store/rocks_log.h"

namespace rnnfarm::store {
namespace {

constexpr char kRecords[] = "records";
constexpr char kAnswers[] = "answers";
constexpr char kArtifacts[] = "artifacts";
constexpr char kChunks[] = "chunks";
constexpr char kSchemaKey[] = "schema";
constexpr uint64_t kMinBlobBytes = 4 << 10;
// Bounds what a start has to read again.
constexpr uint64_t kMaxLogBytes = 256 << 20;

rocksdb::DBOptions RocksOptions(const Options& ours) {
  rocksdb::DBOptions options;
  options.env = &EnvOf(ours);
  options.create_missing_column_families = true;
  options.info_log = RocksLog();
  options.paranoid_checks = true;
  options.max_total_wal_size = kMaxLogBytes;
  // The default mode opens after a flipped byte and silently drops everything behind it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const Options& ours, const std::string& name) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = ours.write_buffer_bytes;
  if (name != kChunks) return options;
  // Float arrays hardly compress, and as blobs they are not rewritten by every compaction.
  options.compression = rocksdb::kNoCompression;
  options.enable_blob_files = true;
  options.min_blob_size = kMinBlobBytes;
  options.enable_blob_garbage_collection = true;
  return options;
}

// Ours, and whatever a newer build added, so that its schema version can be read and named.
std::vector<rocksdb::ColumnFamilyDescriptor> Families(const rocksdb::DBOptions& options,
                                                      const Options& ours) {
  std::vector<std::string> present;
  // A new store has none yet.
  rocksdb::DB::ListColumnFamilies(options, DatabasePath(ours), &present).PermitUncheckedError();
  std::set<std::string> names = {rocksdb::kDefaultColumnFamilyName, kRecords, kAnswers, kArtifacts,
                                 kChunks};
  names.insert(present.begin(), present.end());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, FamilyOptions(ours, name));
  return families;
}

bool IsOfFirstStart(const std::string& name) {
  return name == "." || name == ".." || name == "LOCK" || name == "IDENTITY" ||
         name == "MANIFEST-000001" || absl::EndsWith(name, ".dbtmp");
}

// Whether a store may be made here: nothing lies here but what a first start that was killed leaves
// behind. Anything else without CURRENT is a store that lost it, and a new one would hide the loss.
absl::StatusOr<bool> IsNew(rocksdb::Env& env, const std::string& path) {
  const rocksdb::Status current = env.FileExists(path + "/CURRENT");
  if (current.ok()) return false;
  if (!current.IsNotFound()) return FromRocks(current, absl::StrCat("cannot read ", path));
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(path, &names);
  if (listed.IsNotFound() || listed.IsPathNotFound()) return true;
  if (!listed.ok()) return FromRocks(listed, absl::StrCat("cannot list the store ", path));
  for (const std::string& name : names) {
    if (IsOfFirstStart(name)) continue;
    return absl::DataLossError(absl::StrCat(
        "the store ", path, " holds ", name,
        " but not CURRENT, the file that says where its data begins; the store is damaged and is "
        "not made anew: restore it from a backup, or give an empty folder"));
  }
  return true;
}

// A file that is gone is as much of a loss as one that is damaged.
absl::Status FromOpening(const rocksdb::Status& status, const std::string& path) {
  const std::string doing = absl::StrCat("cannot open the store ", path);
  if (!status.IsPathNotFound() && !status.IsNotFound()) return FromRocks(status, doing);
  return FromRocks(rocksdb::Status::Corruption(status.ToString()), doing);
}

}  // namespace

rocksdb::Env& EnvOf(const Options& options) {
  return options.env != nullptr ? *options.env : *rocksdb::Env::Default();
}

std::string DatabasePath(const Options& options) { return options.path + "/db"; }

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(
        absl::StrCat(message,
                     "; the store is damaged: `rnnfarm store check` tells what of it, `rnnfarm "
                     "store restore` makes one from a backup"));
  }
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        message,
        "; the store's disk is full and it can only be read: free some space, it writes "
        "again as soon as it is there"));
  }
  return absl::InternalError(message);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options, Mode mode) {
  auto database = absl::WrapUnique(new Database(options, mode));
  if (auto status = database->OpenFiles(); !status.ok()) return status;
  return database;
}

absl::Status Database::OpenFiles() {
  const std::string path = DatabasePath(options_);
  rocksdb::DBOptions options = RocksOptions(options_);
  auto is_new = IsNew(*options.env, path);
  if (!is_new.ok()) return is_new.status();
  if (*is_new && mode_ == Mode::kReadOnly) {
    return absl::NotFoundError(absl::StrCat("there is no store in ", options_.path));
  }
  options.create_if_missing = *is_new;
  if (auto status = CheckLogTails(*options.env, path); !status.ok()) return status;
  const auto families = Families(options, options_);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      mode_ == Mode::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, path, families, &handles_, &db)
          : rocksdb::DB::Open(options, path, families, &handles_, &db);
  if (!opened.ok()) return FromOpening(opened, path);
  db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle->GetName() == rocksdb::kDefaultColumnFamilyName) notes_ = handle;
    if (handle->GetName() == kRecords) records_ = handle;
    if (handle->GetName() == kAnswers) answers_ = handle;
    if (handle->GetName() == kArtifacts) artifacts_ = handle;
    if (handle->GetName() == kChunks) chunks_ = handle;
  }
  auto checked = CheckSchema();
  if (!checked.ok()) Close();
  return checked;
}

absl::Status Database::CheckSchema() {
  std::string text;
  const rocksdb::Status found = db_->Get(rocksdb::ReadOptions(), kSchemaKey, &text);
  if (found.IsNotFound() && mode_ == Mode::kReadOnly) return absl::OkStatus();
  if (found.IsNotFound()) return WriteSchema();
  if (!found.ok())
    return FromRocks(found, absl::StrCat("cannot read the schema of ", options_.path));
  int version = 0;
  if (!absl::SimpleAtoi(text, &version)) {
    return absl::DataLossError(absl::StrCat(
        "the store ", options_.path, " has the schema version \"", text, "\", not a number"));
  }
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store ", options_.path, " was written by a newer build (schema ", version,
        "; this build reads up to ", kSchemaVersion, "); start that build or a newer one"));
  }
  // Builds that do not know what this one writes are kept out from here on.
  return version < kSchemaVersion && mode_ != Mode::kReadOnly ? WriteSchema() : absl::OkStatus();
}

absl::Status Database::WriteSchema() {
  rocksdb::WriteBatch batch;
  batch.Put(kSchemaKey, absl::StrCat(kSchemaVersion)).PermitUncheckedError();
  return Write(&batch);
}

void Database::Close() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  handles_.clear();
  if (auto status = db_->Close(); !status.ok()) {
    LOG(WARNING) << "closing the store: " << status.ToString();
  }
  db_.reset();
}

absl::Status Database::Reopen() {
  Close();
  if (auto status = OpenFiles(); !status.ok()) return status;
  full_ = false;
  return absl::OkStatus();
}

absl::Status Database::Write(rocksdb::WriteBatch* batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  // RocksDB resumes by itself, and then aborts on the log whose last write had failed.
  const rocksdb::Status status =
      full_ ? rocksdb::Status::NoSpace("since an earlier write") : db_->Write(options, batch);
  if (status.IsNoSpace()) full_ = true;
  return FromRocks(status, absl::StrCat("cannot write to the store ", options_.path));
}

}  // namespace rnnfarm::store
