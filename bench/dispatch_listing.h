// What it costs a person to list all jobs with the real command.
#ifndef RNNFARM_BENCH_DISPATCH_LISTING_H_
#define RNNFARM_BENCH_DISPATCH_LISTING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rnnfarm::bench {

struct Listing {
  double seconds = 0;     // from before the command was there until it had ended
  double peak_bytes = 0;  // resident, of the command
};

// Runs `rnnfarm jobs list SWEEP --limit 0` with `more` arguments, which lies beside the running
// program; what it prints is thrown away. INTERNAL if it does not end with 0.
absl::StatusOr<Listing> ListAllJobs(const std::string& address, const std::string& sweep,
                                    const std::vector<std::string>& more);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DISPATCH_LISTING_H_
