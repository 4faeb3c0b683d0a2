// Answers to requests that may be repeated. Thread-safe.
#ifndef RNNFARM_COORDINATOR_STORE_ANSWER_ROWS_H_
#define RNNFARM_COORDINATOR_STORE_ANSWER_ROWS_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/store/database.h"

namespace rnnfarm::store {

// A request is known again for this long, and at least as long as this many later ones have not
// come.
inline constexpr absl::Duration kAnswerAge = absl::Hours(7 * 24);
inline constexpr size_t kMaxAnswers = 20'000;

class AnswerRows {
 public:
  explicit AnswerRows(Database& database) : database_(database) {}

  // Finds out what is stored and when it was; again once the database was reopened.
  absl::Status Load();
  absl::StatusOr<std::string> Find(absl::string_view request_id);
  // Adds the answer, and the removal of old ones, to `batch`.
  void Put(rocksdb::WriteBatch& batch, absl::string_view request_id, absl::string_view answer,
           absl::Time now);

 private:
  Database& database_;
  std::mutex mutex_;  // guards by_age_
  std::deque<std::pair<absl::Time, std::string>> by_age_;
};

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_ANSWER_ROWS_H_
