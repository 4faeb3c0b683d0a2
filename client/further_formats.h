// Pulled results in formats beside NumPy's, made from the files that lie in the folder.
#ifndef RNNFARM_CLIENT_FURTHER_FORMATS_H_
#define RNNFARM_CLIENT_FURTHER_FORMATS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/pull.h"
#include "client/pulled_folder.h"

namespace rnnfarm::client {

// Whether files of the format ("hdf5", "pt") lie where a pull into the folder puts them.
bool HoldsFormat(const std::string& directory, const std::string& format);

// The files of the formats that the options ask for or that the folder has already, from `files`,
// which are in it, of the sweep's `all`. What cannot be made of them any more leaves the folder.
absl::Status WriteFurtherFormats(const v1::Sweep& sweep, const std::vector<PulledFile>& all,
                                 const std::vector<PulledFile>& files, PulledFolder& folder,
                                 const PullOptions& options);

// Where the network's file of "pt" lies, beside its .npz; empty if `file` is no network's.
std::string TorchPathOf(const PulledFile& file);

// <task>/results.h5 for each task: the arrays of networks/KEY and fixed_points/KEY, states/KEY,
// distances/METRIC, search/DRAW, tables as a group with an array a column, statistics as JSON.
// One file of the results at a time is in memory.
absl::Status WriteHdf5Files(const v1::Sweep& sweep, const std::vector<PulledFile>& files,
                            PulledFolder& folder, const PullOptions& options);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_FURTHER_FORMATS_H_
