// A reply of the scheduler as the store keeps it, to answer a repeated request with.
#ifndef RNNFARM_COORDINATOR_SERVICE_REPLY_BYTES_H_
#define RNNFARM_COORDINATOR_SERVICE_REPLY_BYTES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "coordinator/scheduler/scheduler.h"

namespace rnnfarm::service {

using Reply = decltype(scheduler::Effects::reply);

std::string EncodeReply(const Reply& reply);
// DATA_LOSS if the bytes are no reply.
absl::StatusOr<Reply> DecodeReply(absl::string_view bytes);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_REPLY_BYTES_H_
