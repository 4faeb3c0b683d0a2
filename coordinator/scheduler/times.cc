#include "coordinator/scheduler/times.h"

namespace rnnfarm::scheduler {

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t nanoseconds = absl::ToUnixNanos(time);
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t seconds = nanoseconds / kSecond - (nanoseconds % kSecond < 0 ? 1 : 0);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(nanoseconds - seconds * kSecond));
}

absl::Time GetTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace rnnfarm::scheduler
