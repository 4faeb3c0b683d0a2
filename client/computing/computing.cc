#include "client/computing/computing.h"

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"

namespace rnnfarm::client {
namespace {

absl::Status CheckCaller() {
  const char* caller = std::getenv(kCallerBuild);
  const std::string mine = base::BuildText();
  if (caller == nullptr || caller == mine) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("rnnfarm is ", caller,
                                                    " and the rnnfarm-compute beside it ", mine,
                                                    "; build or install both together"));
}

}  // namespace

Computing ComputingHere() {
  Computing computing;
  computing.reach = CheckCaller;
  computing.run = RunSweep;
  computing.find_fixed_points = FindFixedPoints;
  computing.write_torch_files = WriteTorchFiles;
  return computing;
}

}  // namespace rnnfarm::client
