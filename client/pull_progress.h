// A pull with narration.
#ifndef RNNFARM_CLIENT_PULL_PROGRESS_H_
#define RNNFARM_CLIENT_PULL_PROGRESS_H_

#include <set>
#include <string>

#include "client/command.h"
#include "client/pull.h"

namespace rnnfarm::client {

// Pulls until done or interrupted and says on err how far it is.
absl::StatusOr<PullSummary> PullAndTell(Program& program, const Farm& farm,
                                        const std::string& sweep, const std::string& directory,
                                        const std::set<std::string>& only);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PULL_PROGRESS_H_
