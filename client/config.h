// The configuration file of the command: what a person need not say each time.
#ifndef RNNFARM_CLIENT_CONFIG_H_
#define RNNFARM_CLIENT_CONFIG_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/sweep_source.h"
#include "rnnfarm/v1/client_config.pb.h"

namespace rnnfarm::client {

inline constexpr double kLeastTimeoutSeconds = 0.001;
inline constexpr double kMostTimeoutSeconds = 1e6;

struct ConfigFile {
  std::string source;  // its path
  v1::ClientConfig config;
  std::vector<Diagnostic> errors;  // in order of position
};

// $XDG_CONFIG_HOME/rnnfarm/config.textproto, with ~/.config where that is not an absolute path;
// empty without a home.
std::string ConfigPath();

// Nothing of a file that is not there. Paths of other files come back relative to the file's
// folder, "~/" as the home.
ConfigFile ReadConfigFile(const std::string& path);
ConfigFile ParseConfig(absl::string_view text, const std::string& path);

// Every error as a line `file:line:column: message`.
std::string Describe(const ConfigFile& file);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_CONFIG_H_
