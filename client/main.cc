// The command `rnnfarm`.
#include "client/start.h"

int main(int argc, char** argv) {
  const auto arguments = rnnfarm::client::ArgumentsOf(argc, argv);
  return rnnfarm::client::StartCommand(arguments, rnnfarm::client::ComputingElsewhere(arguments));
}
