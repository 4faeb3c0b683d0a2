// A whole farm of about 200 jobs and 20 workers, from one seed: first a storm, then a calm in which
// everything has to end, then the verdict.
//
//   Outcome outcome = Simulate({.seed = 17});
//   for (const std::string& complaint : outcome.complaints) ...
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_SIMULATION_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/coordinator/simulator/coordinator.h"
#include "tests/coordinator/simulator/world.h"

namespace rnnfarm::simulator {

struct History {
  uint64_t seed = 0;
  bool has_faults = true;
  Planted planted = Planted::kNothing;
};

struct Outcome {
  std::vector<std::string> complaints;  // empty: every promise was kept
  Faults faults;                        // that really happened
  int64_t events = 0;                   // requests that were applied
  Records records;                      // at the end
};

// Stops at the first complaint.
Outcome Simulate(const History& history);

std::string DigestOf(const Records& records);
// What ended otherwise in a storm than in a calm, apart from what poison and people took away: jobs
// that were given up or cancelled, and what depends on them.
std::vector<std::string> Differences(uint64_t seed, const Records& storm, const Records& calm);
// The farm in which nothing ever fails.
const Records& Calm();

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_SIMULATION_H_
