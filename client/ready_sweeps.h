// The sweep files of deploy/sweeps, built into the program.
#ifndef RNNFARM_CLIENT_READY_SWEEPS_H_
#define RNNFARM_CLIENT_READY_SWEEPS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace rnnfarm::client {

struct ReadySweep {
  absl::string_view name;  // of the file, without ".textproto"
  absl::string_view text;
};

const std::vector<ReadySweep>& ReadySweeps();
// Null for an unknown name.
const ReadySweep* FindReadySweep(absl::string_view name);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_READY_SWEEPS_H_
