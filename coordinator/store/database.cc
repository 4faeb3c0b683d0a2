#include "coordinator/store/database.h"

#include <glog/logging.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::store {
namespace {

constexpr char kRecords[] = "records";
constexpr char kAnswers[] = "answers";
constexpr char kArtifacts[] = "artifacts";
constexpr char kChunks[] = "chunks";
constexpr char kSchemaKey[] = "schema";
constexpr uint64_t kMinBlobBytes = 4 << 10;

// RocksDB's default log is a file of its own, and aborts the process when the disk is full.
class GlogLogger : public rocksdb::Logger {
 public:
  GlogLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    if (level >= rocksdb::InfoLogLevel::ERROR_LEVEL) {
      LOG(ERROR) << "RocksDB: " << line;
    } else {
      LOG(WARNING) << "RocksDB: " << line;
    }
  }
};

rocksdb::DBOptions DatabaseOptions() {
  rocksdb::DBOptions options;
  options.create_missing_column_families = true;
  options.info_log = std::make_shared<GlogLogger>();
  options.paranoid_checks = true;
  // The default mode opens after a flipped byte and silently drops everything behind it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(const std::string& name) {
  rocksdb::ColumnFamilyOptions options;
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
                                                      const std::string& path) {
  std::vector<std::string> present;
  // A new store has none yet.
  rocksdb::DB::ListColumnFamilies(options, path, &present).PermitUncheckedError();
  std::set<std::string> names = {rocksdb::kDefaultColumnFamilyName, kRecords, kAnswers, kArtifacts,
                                 kChunks};
  names.insert(present.begin(), present.end());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, FamilyOptions(name));
  return families;
}

// Whether a store may be made here: nothing lies here but what a first start that was killed leaves
// behind. Anything else without CURRENT is a store that lost it, and a new one would hide the loss.
absl::StatusOr<bool> IsNew(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path + "/CURRENT", error)) return false;
  const std::set<std::string> of_first_start = {"LOCK", "IDENTITY", "MANIFEST-000001"};
  for (std::filesystem::directory_iterator file(path, error), end; !error && file != end;
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (of_first_start.contains(name) || absl::EndsWith(name, ".dbtmp")) continue;
    return absl::DataLossError(absl::StrCat(
        "the store ", path, " holds ", name,
        " but not CURRENT, the file that says where its data "
        "begins; the store is damaged and is not made anew: restore it from a copy, or give an "
        "empty folder"));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return absl::InternalError(absl::StrCat("cannot list the store ", path, ": ", error.message()));
  }
  return true;
}

}  // namespace

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrCat(
        message, "; the store is damaged and is not opened, so that nothing is lost silently"));
  }
  if (status.IsNoSpace()) {
    return absl::ResourceExhaustedError(
        absl::StrCat(message, "; free space on the store's disk and restart the coordinator"));
  }
  return absl::InternalError(message);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  rocksdb::DBOptions options = DatabaseOptions();
  auto is_new = IsNew(path);
  if (!is_new.ok()) return is_new.status();
  options.create_if_missing = *is_new;
  auto database = absl::WrapUnique(new Database);
  rocksdb::DB* db = nullptr;
  auto status =
      FromRocks(rocksdb::DB::Open(options, path, Families(options, path), &database->handles_, &db),
                absl::StrCat("cannot open the store ", path));
  if (!status.ok()) return status;
  database->db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : database->handles_) {
    if (handle->GetName() == kRecords) database->records_ = handle;
    if (handle->GetName() == kAnswers) database->answers_ = handle;
    if (handle->GetName() == kArtifacts) database->artifacts_ = handle;
    if (handle->GetName() == kChunks) database->chunks_ = handle;
  }
  if (auto checked = database->CheckSchema(path); !checked.ok()) return checked;
  return database;
}

absl::Status Database::CheckSchema(const std::string& path) {
  std::string text;
  const rocksdb::Status found = db_->Get(rocksdb::ReadOptions(), kSchemaKey, &text);
  if (found.IsNotFound()) {
    rocksdb::WriteBatch batch;
    batch.Put(kSchemaKey, absl::StrCat(kSchemaVersion)).PermitUncheckedError();
    return Write(&batch);
  }
  if (!found.ok()) return FromRocks(found, absl::StrCat("cannot read the schema of ", path));
  int version = 0;
  if (!absl::SimpleAtoi(text, &version)) {
    return absl::DataLossError(
        absl::StrCat("the store ", path, " has the schema version \"", text, "\", not a number"));
  }
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store ", path, " was written by a newer build (schema ", version,
        "; this build reads up to ", kSchemaVersion, "); start that build or a newer one"));
  }
  return absl::OkStatus();
}

Database::~Database() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  if (auto status = db_->Close(); !status.ok()) {
    LOG(WARNING) << "closing the store: " << status.ToString();
  }
}

absl::Status Database::Write(rocksdb::WriteBatch* batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocks(db_->Write(options, batch), "cannot write to the store");
}

}  // namespace rnnfarm::store
