#include "client/start.h"

#include <cstdlib>
#include <utility>

#include "base/logging.h"
#include "client/command.h"
#include "client/terminal.h"

namespace rnnfarm::client {

std::vector<std::string> ArgumentsOf(int argc, char** argv) {
  return argc > 0 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

int StartCommand(const std::vector<std::string>& arguments, Computing computing) {
  // People read standard error here: only what went wrong is worth a log line between the command's
  // own sentences.
  base::InitLogging("rnnfarm", {.minimum_severity = 2});
  // Nor is what gRPC logs of connections: the command says in words what that comes to.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  InstallInterruptHandler();
  return RunProgram(arguments, Terminal::Standard(), std::move(computing));
}

}  // namespace rnnfarm::client
