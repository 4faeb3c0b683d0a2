// What both programs of the command begin with.
#ifndef RNNFARM_CLIENT_START_H_
#define RNNFARM_CLIENT_START_H_

#include <string>
#include <vector>

#include "client/computing.h"

namespace rnnfarm::client {

// What follows the program's name, which who starts it may leave out.
std::vector<std::string> ArgumentsOf(int argc, char** argv);

// The process's logging and signals, then RunProgram on its terminal.
int StartCommand(const std::vector<std::string>& arguments, Computing computing);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_START_H_
