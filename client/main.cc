// The command `rnnfarm`.
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "base/logging.h"
#include "client/command.h"
#include "client/terminal.h"
#include "worker/runtime/kernels.h"
#include "worker/runtime/worker.h"

int main(int argc, char** argv) {
  // Only what computes networks pays for the second start.
  const absl::string_view name = argc > 1 ? argv[1] : "";
  if (name == "run" || name == "fixed-points") rnnfarm::worker::PinKernels(argv);
  // People read standard error here: only what went wrong is worth a log line between the command's
  // own sentences.
  rnnfarm::base::InitLogging("rnnfarm", {.minimum_severity = 2});
  // Nor is what gRPC logs of connections: the command says in words what that comes to.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  rnnfarm::worker::UseOneThreadPerNetwork();
  rnnfarm::client::InstallInterruptHandler();
  return rnnfarm::client::RunProgram({argv + 1, argv + argc},
                                     rnnfarm::client::Terminal::Standard());
}
