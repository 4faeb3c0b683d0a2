// The one edge between absl::Status, which every room speaks, and grpc::Status. The codes of both
// are the same numbers.
#ifndef RNNFARM_BASE_STATUS_GRPC_H_
#define RNNFARM_BASE_STATUS_GRPC_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace rnnfarm::base {

// Messages longer than this are cut: they travel in HTTP/2 headers, which peers limit to 8 KiB.
inline constexpr int kMaxStatusMessageBytes = 4096;

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_STATUS_GRPC_H_
