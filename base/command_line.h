// The command line of a program that is made of ABSL_FLAGs and takes no other arguments.
//
// Abseil would end the process with 1 for a flag that it does not know, which schedulers take for a
// failure worth another try; here that is a wrong configuration (78).
#ifndef RNNFARM_BASE_COMMAND_LINE_H_
#define RNNFARM_BASE_COMMAND_LINE_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

inline constexpr int kExitBadConfiguration = 78;

struct ProgramDescription {
  absl::string_view name;
  absl::string_view usage;  // what --help begins with
  absl::string_view file;   // end of the path of the source file whose flags --help tells
};

// Sets the flags; --max-networks and --max_networks are the same. Returns the code to exit with at
// once: 0 after --help, kExitBadConfiguration after an error was told on stderr; empty: go on.
std::optional<int> ParseFlags(const ProgramDescription& program, int argc, char** argv);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_COMMAND_LINE_H_
