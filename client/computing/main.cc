// The program `rnnfarm-compute`: the command rnnfarm where it needs libtorch.
#include "client/computing/computing.h"
#include "client/start.h"
#include "worker/runtime/kernels.h"
#include "worker/runtime/worker.h"

int main(int argc, char** argv) {
  rnnfarm::worker::PinKernels(argv);
  rnnfarm::worker::UseOneThreadPerNetwork();
  return rnnfarm::client::StartCommand(rnnfarm::client::ArgumentsOf(argc, argv),
                                       rnnfarm::client::ComputingHere());
}
