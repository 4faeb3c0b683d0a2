// What this binary was built from.
#ifndef RNNFARM_BASE_BUILD_INFO_H_
#define RNNFARM_BASE_BUILD_INFO_H_

#include <string>

namespace rnnfarm::base {

struct BuildInfo {
  std::string version;   // such as "0.1.0"
  std::string revision;  // of the source when it was configured, "-dirty" if edited; or "unknown"
  std::string compiler;  // such as "GNU 12.2.0"
  std::string type;      // CMake's build type, such as "Release"
};

const BuildInfo& GetBuildInfo();

// "0.1.0 (4a5b6c7d, GNU 12.2.0, Release)"
std::string BuildText();

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_BUILD_INFO_H_
