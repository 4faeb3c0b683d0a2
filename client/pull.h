// Fetching a sweep's results into a folder (docs/files.md).
#ifndef RNNFARM_CLIENT_PULL_H_
#define RNNFARM_CLIENT_PULL_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/farm.h"

namespace rnnfarm::client {

inline constexpr int kDefaultStreams = 4;

struct PulledFile;
class PulledFolder;
struct PullOptions;

// Makes the files of "pt" from what lies in the folder.
using TorchWriter = std::function<absl::Status(const std::vector<PulledFile>& files,
                                               PulledFolder& folder, const PullOptions& options)>;

// How far a pull is.
struct PullProgress {
  int64_t files = 0, all_files = 0;  // in the folder
  int64_t bytes = 0, all_bytes = 0;  // in the folder, parts of files included
  int64_t fetched_bytes = 0;         // in this call
};

struct PullOptions {
  // Kinds of files: "networks", "states", "fixed_points", "search", "distances", "embeddings",
  // "statistics". Empty: all.
  std::set<std::string> only;
  // Beside NumPy's files: "hdf5", "pt". What of them the folder has already is kept up to date.
  std::set<std::string> formats;
  // Needed for "pt". Without it, what of that the folder has stays, unlisted if it is out of date.
  TorchWriter write_torch_files;
  // Files fetched at a time.
  int streams = kDefaultStreams;
  // Asked between chunks, by several threads; true ends with CANCELLED.
  std::function<bool()> cancelled = [] { return false; };
  // After each file and chunk, one call at a time.
  std::function<void(const PullProgress&)> progress = [](const PullProgress&) {};
};

struct PullSummary {
  v1::SweepState state = v1::SWEEP_STATE_UNSPECIFIED;  // of the sweep, when it was asked for
  int64_t files = 0;                                   // of the results, fetched or there already
  int64_t fetched = 0;                                 // of them, in this call
  int64_t bytes = 0;                                   // fetched
};

// Fetches every result file of `sweep` ("sweeps/NAME") that is not in `directory` with its digest,
// makes the files of the further formats from all that it holds, then writes networks.csv,
// search.csv where there was a search, rnnfarm_cells.py, figures.py and, last, manifest.json. An
// interrupted pull leaves *.part files, where the next one goes on. FAILED_PRECONDITION if the
// folder holds another sweep.
absl::StatusOr<PullSummary> Pull(const Farm& farm, const std::string& sweep,
                                 const std::string& directory, const PullOptions& options = {});

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PULL_H_
