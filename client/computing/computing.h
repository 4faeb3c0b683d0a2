// What the program rnnfarm-compute does in place of rnnfarm.
#ifndef RNNFARM_CLIENT_COMPUTING_COMPUTING_H_
#define RNNFARM_CLIENT_COMPUTING_COMPUTING_H_

#include <vector>

#include "absl/status/status.h"
#include "client/command.h"
#include "client/computing.h"
#include "client/pulled_folder.h"

namespace rnnfarm::client {

// `run`: the whole sweep with a coordinator and a worker in this process.
int RunSweep(Program& program, RunArguments arguments);
// `fixed-points`.
int FindFixedPoints(Program& program, const FixedPointsArguments& arguments);
// <task>/networks/KEY.pt beside each network's .npz (torch_file.h). CANCELLED when the options say.
absl::Status WriteTorchFiles(const std::vector<PulledFile>& files, PulledFolder& folder,
                             const PullOptions& options);

// All of it in this process.
Computing ComputingHere();

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPUTING_COMPUTING_H_
