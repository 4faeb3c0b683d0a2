// Giving a sweep to a coordinator.
#ifndef RNNFARM_CLIENT_SUBMIT_H_
#define RNNFARM_CLIENT_SUBMIT_H_

#include "absl/status/statusor.h"
#include "client/farm.h"
#include "client/sweep_file.h"

namespace rnnfarm::client {

struct SubmitOptions {
  bool validate_only = false;
  bool extend = false;
};

// Uploads the files that the sweep names, then the sweep. Of a file without errors.
absl::StatusOr<v1::SubmitSweepResponse> SubmitFile(const Farm& farm, const SweepFile& file,
                                                   const SubmitOptions& options = {});

// "paper: 8280 networks of 276 configurations and 8280 untrained copies, 720 left out (reason)"
std::string DescribePopulation(const v1::SweepSpec& spec);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_SUBMIT_H_
