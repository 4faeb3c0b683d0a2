// Sweeps, configurations, networks, jobs and their events as rows. Thread-safe.
#ifndef RNNFARM_COORDINATOR_STORE_RECORD_ROWS_H_
#define RNNFARM_COORDINATOR_STORE_RECORD_ROWS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/store/database.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

class RecordRows {
 public:
  explicit RecordRows(Database& database) : database_(database) {}

  // Adds the records of `from` to `batch`.
  void Put(rocksdb::WriteBatch& batch, const Batch& from);
  absl::Status Load(const Store::Visitor& visitor);
  absl::StatusOr<std::vector<v1::JobEvent>> ReadEvents(absl::string_view job, int64_t first,
                                                       int count);

 private:
  void Delete(rocksdb::WriteBatch& batch, const v1::DeletedSweep& deleted);
  template <typename Message>
  absl::Status LoadKind(char prefix, const std::function<void(Message)>& take);

  Database& database_;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_RECORD_ROWS_H_
