// What a comparison is of: read from the scheduler's state.
#ifndef RNNFARM_COORDINATOR_SERVICE_COMPARISON_INPUT_H_
#define RNNFARM_COORDINATOR_SERVICE_COMPARISON_INPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "analysis/pairwise/scratch.h"
#include "coordinator/comparison/comparison.h"
#include "coordinator/service/ledger.h"

namespace rnnfarm::service {

// The task's networks in the order of the population, as they are now. NOT_FOUND if the sweep is
// gone.
absl::StatusOr<comparison::Input> ReadComparisonInput(const Ledger& ledger,
                                                      const std::string& sweep,
                                                      const std::string& task);

// Where the comparison of a task keeps what it has computed so far.
analysis::Scratch ScratchOf(const std::string& root, const std::string& sweep,
                            const std::string& task);

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_COMPARISON_INPUT_H_
