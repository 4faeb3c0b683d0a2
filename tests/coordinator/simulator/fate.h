// What simulated jobs are and come to: functions of the job, never of who does it or when.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_FATE_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_FATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"
#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::simulator {

inline constexpr int64_t kGiB = int64_t{1} << 30;

// About 200 jobs: two sweeps that end, of different priority, the first of which is extended by
// seeds on the way, and one that a person cancels in some histories.
v1::SweepSpec FirstSweep(bool extended);
v1::SweepSpec UrgentSweep();
v1::SweepSpec DoomedSweep();

// The report of a job that was done, its network diverged where it always does. Not of comparisons.
v1::JobReport ResultOf(const v1::Lease& lease);
// The comparison of these networks of a task: of those that are included.
std::string DistancesOf(absl::string_view task, const std::vector<const v1::Network*>& networks);
inline constexpr char kDistances[] = "distances/svcca.npy";

// What the job takes at least; every kind of worker but the smallest has it.
int64_t MemoryNeeded(const v1::JobSpec& spec);
// Whether the job kills whoever works on it, in the history of this seed.
bool IsPoison(uint64_t seed, absl::string_view job);

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_FATE_H_
