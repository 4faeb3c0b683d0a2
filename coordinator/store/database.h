// RocksDB as the store uses it: options, column families, schema version, and its statuses as ours.
#ifndef RNNFARM_COORDINATOR_STORE_DATABASE_H_
#define RNNFARM_COORDINATOR_STORE_DATABASE_H_

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::store {

// Grows when older builds can no longer read what this one writes.
inline constexpr int kSchemaVersion = 1;

class Database {
 public:
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* records() { return records_; }
  rocksdb::ColumnFamilyHandle* answers() { return answers_; }
  rocksdb::ColumnFamilyHandle* artifacts() { return artifacts_; }
  rocksdb::ColumnFamilyHandle* chunks() { return chunks_; }

  // Durable when it returns.
  absl::Status Write(rocksdb::WriteBatch* batch);

 private:
  Database() = default;
  absl::Status CheckSchema(const std::string& path);

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* records_ = nullptr;
  rocksdb::ColumnFamilyHandle* answers_ = nullptr;
  rocksdb::ColumnFamilyHandle* artifacts_ = nullptr;
  rocksdb::ColumnFamilyHandle* chunks_ = nullptr;
};

// DATA_LOSS for corruption, RESOURCE_EXHAUSTED for a full disk, INTERNAL otherwise.
absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing);

inline rocksdb::Slice AsSlice(absl::string_view text) { return {text.data(), text.size()}; }
inline absl::string_view AsView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_DATABASE_H_
