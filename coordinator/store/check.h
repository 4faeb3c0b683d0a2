// Reads everything in a store that no coordinator has open, and tells all that is wrong with it.
//
//   auto report = store::CheckStore(options, [](const store::CheckReport& so_far) { ... });
//   if (report.ok() && report->problems.empty()) ...   // every byte is what it was
#ifndef RNNFARM_COORDINATOR_STORE_CHECK_H_
#define RNNFARM_COORDINATOR_STORE_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/store/store.h"

namespace rnnfarm::store {

struct CheckReport {
  int64_t records = 0;  // sweeps, configurations, networks, jobs
  int64_t events = 0;
  int64_t answers = 0;
  int64_t artifacts = 0;
  int64_t unfinished_uploads = 0;
  int64_t artifact_bytes = 0;
  std::vector<std::string> problems;  // one sentence each
};

// Whether there is one, sound or not.
bool HasStore(const Options& options);

// Changes nothing but the text of `holder`. A store that cannot be opened since it is damaged is a
// report with that problem. NOT_FOUND where there is no store, FAILED_PRECONDITION if it is held by
// another process or was written by a newer build. `progress` is called after each artifact.
absl::StatusOr<CheckReport> CheckStore(const Options& options,
                                       const std::function<void(const CheckReport&)>& progress);

}  // namespace rnnfarm::store

#endif  // RNNFARM_COORDINATOR_STORE_CHECK_H_
