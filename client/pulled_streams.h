// Fetching result files into a folder, several at a time.
#ifndef RNNFARM_CLIENT_PULLED_STREAMS_H_
#define RNNFARM_CLIENT_PULLED_STREAMS_H_

#include <vector>

#include "absl/status/status.h"
#include "client/farm.h"
#include "client/pull.h"
#include "client/pulled_folder.h"

namespace rnnfarm::client {

// Goes through `files` with options.streams threads: what the folder holds is left, the rest is
// fetched, beginning where a *.part file ends. Each thread holds a chunk in memory, never a file.
// The first error ends all of them. options.progress is called by one thread at a time.
absl::Status FetchFiles(const Farm& farm, const std::vector<PulledFile>& files,
                        PulledFolder& folder, const PullOptions& options, PullSummary& summary);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PULLED_STREAMS_H_
