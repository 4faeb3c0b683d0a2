// What the program's exit status says to a script.
#ifndef RNNFARM_CLIENT_EXIT_CODE_H_
#define RNNFARM_CLIENT_EXIT_CODE_H_

#include "absl/status/status.h"

namespace rnnfarm::client {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,  // wrong usage or an invalid file
  kNotFound = 3,
  kUnreachable = 4,  // or the deadline passed
  kFinishedWithFailures = 5,
  kInterrupted = 130,
};

// INVALID_ARGUMENT is kUsage, NOT_FOUND kNotFound, UNAVAILABLE and DEADLINE_EXCEEDED kUnreachable,
// CANCELLED kInterrupted, every other error kFailed.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_EXIT_CODE_H_
