// Times of records. Records keep nanoseconds.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_TIMES_H_
#define RNNFARM_COORDINATOR_SCHEDULER_TIMES_H_

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace rnnfarm::scheduler {

void SetTime(absl::Time time, google::protobuf::Timestamp& out);
absl::Time GetTime(const google::protobuf::Timestamp& time);

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_TIMES_H_
