#include "bench/dispatch_coordinator.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/array_file.h"

namespace rnnfarm::bench {
namespace {

constexpr char kProgram[] = "rnnfarm-coordinator";
// What it logs before the address that it serves.
constexpr char kServes[] = " serves ";
constexpr absl::Duration kPoll = absl::Milliseconds(2), kPatience = absl::Minutes(2);
// Of /proc/<pid>/stat, counted behind the program's name: ticks in user and in system mode.
constexpr int kUserTicks = 11, kSystemTicks = 12;

// Whole lines only: the last one may still be being written.
std::string ServedAddress(const std::string& log) {
  const auto text = base::ReadFile(log);
  if (!text.ok()) return "";
  const size_t at = text->find(kServes);
  if (at == std::string::npos || text->find('\n', at) == std::string::npos) return "";
  const size_t begin = at + std::strlen(kServes);
  return text->substr(begin, text->find(' ', begin) - begin);
}

absl::StatusOr<pid_t> Spawn(std::vector<std::string> arguments, const std::string& log) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return absl::UnavailableError(
      absl::StrCat(arguments[0], " cannot be started: ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CoordinatorChild>> CoordinatorChild::Start(
    const std::string& folder) {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string log = folder + "/coordinator.log";
  const absl::Time begin = absl::Now();
  const auto pid = Spawn({(program.parent_path() / kProgram).string(),
                          absl::StrCat("--store=", folder, "/store"), "--listen=127.0.0.1:0"},
                         log);
  if (!pid.ok()) return pid.status();
  std::unique_ptr<CoordinatorChild> child(new CoordinatorChild(*pid));
  if (auto status = child->WaitUntilItServes(log); !status.ok()) return status;
  child->seconds_to_serve_ = absl::ToDoubleSeconds(absl::Now() - begin);
  return child;
}

absl::Status CoordinatorChild::WaitUntilItServes(const std::string& log) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (absl::Now() < deadline) {
    address_ = ServedAddress(log);
    if (!address_.empty()) return absl::OkStatus();
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      break;
    }
    absl::SleepFor(kPoll);
  }
  return absl::UnavailableError(absl::StrCat("the coordinator does not serve; it says: ",
                                             base::ReadFile(log).value_or("nothing")));
}

CoordinatorChild::~CoordinatorChild() { Kill(); }

double CoordinatorChild::CpuSeconds() const {
  const auto stat = base::ReadFile(absl::StrCat("/proc/", pid_, "/stat"));
  if (!stat.ok()) return 0;
  // The name stands in parentheses and may hold spaces.
  const std::vector<std::string> fields =
      absl::StrSplit(stat->substr(stat->rfind(')') + 1), ' ', absl::SkipEmpty());
  double user = 0, system = 0;
  if (fields.size() <= kSystemTicks || !absl::SimpleAtod(fields[kUserTicks], &user) ||
      !absl::SimpleAtod(fields[kSystemTicks], &system)) {
    return 0;
  }
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void CoordinatorChild::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace rnnfarm::bench
