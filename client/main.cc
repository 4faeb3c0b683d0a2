// The command `rnnfarm`.
#include "client/start.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return rnnfarm::client::StartCommand(arguments, rnnfarm::client::ComputingElsewhere(arguments));
}
