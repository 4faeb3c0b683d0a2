// Lists that were selected and sorted for their first page, kept for the pages that follow, which
// would select and sort all of it again. Thread-safe.
#ifndef RNNFARM_COORDINATOR_SERVICE_SELECTIONS_H_
#define RNNFARM_COORDINATOR_SERVICE_SELECTIONS_H_

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace rnnfarm::service {

class Selections {
 public:
  static constexpr absl::Duration kKept = absl::Minutes(1);  // since it was made
  static constexpr size_t kMostKept = 4;                     // the oldest goes first

  using Names = std::shared_ptr<const std::vector<std::string>>;
  // Null: none is kept under the binding of its pages' tokens.
  Names Find(const std::string& binding, absl::Time now);
  void Keep(const std::string& binding, std::vector<std::string> names, absl::Time now);

 private:
  struct Entry {
    std::string binding;
    Names names;
    absl::Time made;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // oldest first
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SELECTIONS_H_
