// RocksDB as the store uses it: options, column families, schema version, and its statuses as ours.
// Thread-safe but for Reopen, while which nothing else may use the database.
#ifndef RNNFARM_COORDINATOR_STORE_DATABASE_H_
#define RNNFARM_COORDINATOR_STORE_DATABASE_H_

#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

// Grows when older builds can no longer read what this one writes.
inline constexpr int kSchemaVersion = 2;

class Database {
 public:
  // kReadOnly changes nothing on the disk, and is NOT_FOUND where there is no store.
  enum class Mode { kReadWrite, kReadOnly };

  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options,
                                                        Mode mode = Mode::kReadWrite);
  ~Database() { Close(); }

  // Closes it and opens it again, which is what makes RocksDB write once more after it found the
  // disk full. If that fails, the database is closed and may be reopened later.
  absl::Status Reopen();
  bool is_open() const { return db_ != nullptr; }

  rocksdb::DB& db() { return *db_; }
  // Our own notes: the schema version, and when each unfinished upload last went on.
  rocksdb::ColumnFamilyHandle* notes() { return notes_; }
  rocksdb::ColumnFamilyHandle* records() { return records_; }
  rocksdb::ColumnFamilyHandle* answers() { return answers_; }
  rocksdb::ColumnFamilyHandle* artifacts() { return artifacts_; }
  rocksdb::ColumnFamilyHandle* chunks() { return chunks_; }

  // Durable when it returns.
  absl::Status Write(rocksdb::WriteBatch* batch);
  // Whether a write found the disk full; every later one fails then, until it is reopened.
  bool is_full() const { return full_; }

 private:
  Database(const Options& options, Mode mode) : options_(options), mode_(mode) {}
  absl::Status OpenFiles();
  void Close();
  absl::Status CheckSchema();
  absl::Status WriteSchema();

  const Options options_;
  const Mode mode_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* notes_ = nullptr;
  rocksdb::ColumnFamilyHandle* records_ = nullptr;
  rocksdb::ColumnFamilyHandle* answers_ = nullptr;
  rocksdb::ColumnFamilyHandle* artifacts_ = nullptr;
  rocksdb::ColumnFamilyHandle* chunks_ = nullptr;
  std::atomic<bool> full_ = false;
};

rocksdb::Env& EnvOf(const Options& options);
// Where RocksDB's files lie.
std::string DatabasePath(const Options& options);

// DATA_LOSS for corruption, RESOURCE_EXHAUSTED for a full disk, INTERNAL otherwise.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing);

inline rocksdb::Slice AsSlice(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view AsView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_DATABASE_H_
