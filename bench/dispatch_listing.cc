#include "bench/dispatch_listing.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace rnnfarm::bench {
namespace {

constexpr char kProgram[] = "rnnfarm";
constexpr double kBytesPerKibibyte = 1024;
constexpr absl::Duration kPause = absl::Milliseconds(5);

// Of the program that runs as `pid`, up to now. What wait4 tells begins with what this program had
// when it started it.
int64_t PeakKibibytes(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string word; status >> word;) {
    int64_t peak = 0;
    if (word == "VmHWM:" && status >> peak) return peak;
  }
  return 0;
}

}  // namespace

absl::StatusOr<Listing> ListAllJobs(const std::string& address, const std::string& sweep,
                                    const std::vector<std::string>& more) {
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::string> arguments = {
      (here / kProgram).string(), "--coordinator", address, "jobs", "list", sweep, "--limit", "0"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const absl::Time begin = absl::Now();
  const int error = posix_spawn(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat(arguments[0], " cannot be started: ", std::strerror(error)));
  }
  int status = 0;
  int64_t peak = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    peak = std::max(peak, PeakKibibytes(pid));
    absl::SleepFor(kPause);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError("the listing of all jobs failed");
  }
  return Listing{absl::ToDoubleSeconds(absl::Now() - begin),
                 kBytesPerKibibyte * static_cast<double>(peak)};
}

}  // namespace rnnfarm::bench
