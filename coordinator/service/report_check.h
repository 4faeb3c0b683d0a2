// Looks into the artifacts that a worker reports before the scheduler sees the report.
#ifndef RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_
#define RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "coordinator/service/ledger.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {

// Whether any report names artifacts, which have to be read from disk then.
bool NamesArtifacts(const v1::SyncRequest& request);

// The last checks that passed, so that a report which is sent again does not wait for them again.
// Artifacts never change, so what passed once passes for ever. Thread-safe.
class PassedChecks {
 public:
  static constexpr size_t kMaxKept = 4096;
  // `check`: digest, role and cell.
  bool Contains(const std::string& check);
  void Insert(const std::string& check);

 private:
  std::mutex mutex_;
  std::set<std::string> checks_;
  std::deque<std::string> oldest_first_;
};

// Turns each report with an artifact that is missing, damaged, of a wrong shape or not finite into
// a JobError that names artifact and reason; returns why, by index of the report. The error is
// transient if the store is at fault; what is wrong in the bytes themselves counts against the job.
// Reads from disk: not for callback threads. Thread-safe.
std::map<int, absl::Status> ReplaceBadReports(const Ledger& ledger, store::Store& store,
                                              PassedChecks& passed, v1::SyncRequest& request);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_
