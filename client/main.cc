// The command `rnnfarm`.
#include "base/logging.h"
#include "client/command.h"
#include "client/terminal.h"
#include "worker/runtime/worker.h"

int main(int argc, char** argv) {
  // People read standard error here: only what went wrong is worth a log line between the command's
  // own sentences.
  rnnfarm::base::InitLogging("rnnfarm", {.minimum_severity = 2});
  rnnfarm::worker::UseOneThreadPerNetwork();
  rnnfarm::client::InstallInterruptHandler();
  return rnnfarm::client::RunProgram({argv + 1, argv + argc},
                                     rnnfarm::client::Terminal::Standard());
}
