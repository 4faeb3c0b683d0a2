#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/build_info.h"
#include "client/computing.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "rnnfarm-compute";

// Returns only if it fails.
absl::Status Become(std::vector<std::string> arguments) {
  std::error_code failed;
  const fs::path self = fs::read_symlink("/proc/self/exe", failed);
  if (failed) {
    return absl::FailedPreconditionError(
        absl::StrCat("where this program is cannot be told, so that ", kProgram,
                     ", which trains and analyses, is not found: ", failed.message()));
  }
  setenv(kCallerBuild, base::BuildText().c_str(), /*overwrite=*/1);
  const std::string program = (self.parent_path() / kProgram).string();
  std::vector<char*> pointers = {const_cast<char*>(program.c_str())};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(program.c_str(), pointers.data());
  return absl::FailedPreconditionError(absl::StrCat(
      program, ", which trains and analyses, cannot be started: ", std::strerror(errno),
      "; build or install it beside rnnfarm"));
}

}  // namespace

Computing ComputingElsewhere(const std::vector<std::string>& arguments) {
  Computing computing;
  computing.reach = [arguments] { return Become(arguments); };
  return computing;
}

}  // namespace rnnfarm::client
