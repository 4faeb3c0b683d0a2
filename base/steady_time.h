// The time for pauses and limits, which nobody who sets the machine's clock moves.
#ifndef RNNFARM_BASE_STEADY_TIME_H_
#define RNNFARM_BASE_STEADY_TIME_H_

#include <chrono>

#include "absl/time/time.h"

namespace rnnfarm::base {

// Only differences mean anything.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_STEADY_TIME_H_
