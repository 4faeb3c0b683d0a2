// The one edge between absl::Status, which every room speaks, and grpc::Status. The codes of both
// are the same numbers.
#ifndef RNNFARM_BASE_STATUS_GRPC_H_
#define RNNFARM_BASE_STATUS_GRPC_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::base {

// Messages longer than this are cut: they travel in HTTP/2 headers, which peers limit to 8 KiB.
inline constexpr int kMaxStatusMessageBytes = 4096;

// The details travel in headers too, as "grpc-status-details-bin" (google.rpc.Status): longer
// messages and lists of violations are cut in them. The message alone says everything, since not
// every client shows details.
inline constexpr int kMaxDetailsMessageBytes = 512, kMaxViolationsBytes = 1024;

// With details: ErrorInfo with a reason and the domain "rnnfarm" always; BadRequest with
// INVALID_ARGUMENT, of AddViolation or else of the field that the message begins with
// ("limits.max_attempts: ..."); and RetryInfo where trying again later helps (RESOURCE_EXHAUSTED,
// UNAVAILABLE).
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// One more field that is wrong, for ToGrpc; left out where there are more than it could send.
void AddViolation(absl::string_view field, absl::string_view description, absl::Status& status);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_STATUS_GRPC_H_
