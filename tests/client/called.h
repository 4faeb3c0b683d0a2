// The command, called as a person would, and what it said.
#ifndef RNNFARM_TESTS_CLIENT_CALLED_H_
#define RNNFARM_TESTS_CLIENT_CALLED_H_

#include <sstream>
#include <string>
#include <vector>

#include "client/command.h"
#include "client/computing/computing.h"

namespace rnnfarm::client {

struct Result {
  int code;
  std::string out, err;
};

inline Result Call(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const int code = RunProgram(arguments, Terminal{out, err}, ComputingHere());
  return {code, out.str(), err.str()};
}

}  // namespace rnnfarm::client

#endif  // RNNFARM_TESTS_CLIENT_CALLED_H_
