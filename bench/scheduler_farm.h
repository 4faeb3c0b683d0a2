// A farm of any size around the scheduler's core alone, and what its events cost.
//
//   Costs costs;
//   absl::Status status = RunFarm(/*jobs=*/1000, costs);
//   costs[kGrant].Microseconds();
#ifndef RNNFARM_BENCH_SCHEDULER_FARM_H_
#define RNNFARM_BENCH_SCHEDULER_FARM_H_

#include <array>
#include <cstdint>

#include "absl/status/status.h"

namespace rnnfarm::bench {

inline constexpr int64_t kJobsPerWorker = 100;

enum Kind { kSubmit, kGrant, kHeartbeat, kReport, kTick, kKinds };
inline constexpr std::array<const char*, kKinds> kKindNames = {"submit, a job", "grant",
                                                               "heartbeat", "report", "tick"};

struct Cost {
  int64_t events = 0;
  double seconds = 0;
  double Microseconds() const { return events == 0 ? 0 : 1e6 * seconds / events; }
};
using Costs = std::array<Cost, kKinds>;

// A population of about so many jobs from its submission to its comparison, with a worker for each
// kJobsPerWorker; adds what it cost. Events are timed one by one, on this thread's processor: what
// else the machine does is no cost of the scheduler.
absl::Status RunFarm(int64_t jobs, Costs& costs);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_SCHEDULER_FARM_H_
