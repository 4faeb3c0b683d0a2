// Options that every command takes: which coordinator, for how long, with what credentials.
#ifndef RNNFARM_CLIENT_GLOBAL_OPTIONS_H_
#define RNNFARM_CLIENT_GLOBAL_OPTIONS_H_

#include <CLI/App.hpp>

#include "client/command.h"

namespace rnnfarm::client {

// Adds them to the program and lets it take from the configuration file, on its first connection,
// what neither the arguments nor the environment say. `app` must live until then.
void AddGlobalOptions(CLI::App& app, Program& program);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_GLOBAL_OPTIONS_H_
