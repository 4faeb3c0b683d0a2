// Whether a sweep may be submitted.
#ifndef RNNFARM_COORDINATOR_SERVICE_SUBMISSION_H_
#define RNNFARM_COORDINATOR_SERVICE_SUBMISSION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/farm_service.pb.h"

namespace rnnfarm::service {

// Violations that a message spells out; the rest are counted.
inline constexpr size_t kMaxViolationsNamed = 20;

// INVALID_ARGUMENT naming field, limit and remedy of everything that is wrong;
// FAILED_PRECONDITION if a file that the sweep refers to was not uploaded.
absl::Status CheckSubmission(const v1::SubmitSweepRequest& request, int64_t max_networks,
                             store::Store& store);

// Fills in what the files of the sweep's imports say of themselves; INVALID_ARGUMENT names file,
// array and expectation where one is no network of its import's cell. Of a checked submission. A
// file that was not uploaded is passed over if it `may_be_absent`.
absl::Status ReadImports(store::Store& store, bool may_be_absent, v1::SweepSpec& spec);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_SUBMISSION_H_
