// A pull with narration.
#ifndef RNNFARM_CLIENT_PULL_PROGRESS_H_
#define RNNFARM_CLIENT_PULL_PROGRESS_H_

#include <string>

#include "client/command.h"
#include "client/pull.h"

namespace rnnfarm::client {

// Pulls until done or interrupted and says on err how far it is; sets the options' callbacks.
absl::StatusOr<PullSummary> PullAndTell(Program& program, const Farm& farm,
                                        const std::string& sweep, const std::string& directory,
                                        PullOptions options = {});

// --format, into `formats`.
void AddPullFormats(CLI::App& command, std::vector<std::string>& formats);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PULL_PROGRESS_H_
