// Looks into the artifacts that a worker reports before the scheduler sees the report.
#ifndef RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_
#define RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_

#include <map>

#include "absl/status/status.h"
#include "coordinator/service/ledger.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::service {

// Whether any report names artifacts, which have to be read from disk then.
bool NamesArtifacts(const v1::SyncRequest& request);

// Turns each report with an artifact that is missing, damaged, of a wrong shape or not finite into
// a transient JobError that names artifact and reason, so that the job is done again; returns why,
// by index of the report. Reads from disk: not for callback threads. Thread-safe.
std::map<int, absl::Status> ReplaceBadReports(const Ledger& ledger, store::Store& store,
                                              v1::SyncRequest& request);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_REPORT_CHECK_H_
