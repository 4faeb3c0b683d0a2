#include "client/terminal.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "absl/time/clock.h"
#include "client/exit_code.h"

namespace rnnfarm::client {
namespace {

std::atomic<bool> graceful{false};
std::atomic<bool> interrupted{false};

// Longest time between Ctrl-C and the command noticing it.
constexpr absl::Duration kPollInterval = absl::Milliseconds(50);

void OnInterrupt(int) {
  if (!graceful.load() || interrupted.exchange(true)) _exit(kInterrupted);
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kUnreachable;
    case absl::StatusCode::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

Terminal Terminal::Standard() {
  Terminal terminal{std::cout, std::cerr};
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  terminal.in = &std::cin;
  terminal.in_is_terminal = isatty(STDIN_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  terminal.dumb = kind != nullptr && std::string(kind) == "dumb";
  terminal.colour =
      terminal.out_is_terminal && !terminal.dumb && (no_colour == nullptr || *no_colour == '\0');
  for (const int stream : {STDERR_FILENO, STDOUT_FILENO}) {
    winsize size{};
    if (ioctl(stream, TIOCGWINSZ, &size) != 0) continue;
    if (size.ws_col > 0) terminal.width = size.ws_col;
    if (size.ws_row > 0) terminal.height = size.ws_row;
  }
  return terminal;
}

void InstallInterruptHandler() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void TakeInterruptsGracefully() { graceful = true; }

bool Interrupted() { return interrupted; }

bool SleepUnlessInterrupted(absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!Interrupted()) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return true;
    absl::SleepFor(std::min(left, kPollInterval));
  }
  return false;
}

std::string FormatDuration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9) return "--:--:--";
  const int64_t total = std::llround(seconds);
  const int64_t days = total / 86400;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", total / 3600 % 24, total / 60 % 60, total % 60);
  return days > 0 ? fmt::format("{}-{}", days, clock) : clock;
}

std::string FormatTime(int64_t unix_seconds) {
  if (unix_seconds == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

std::string FormatBytes(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string FormatSpeed(double operations_per_second) {
  constexpr const char* kUnits[] = {"", "k", "M", "G", "T", "P", "E"};
  double value = operations_per_second;
  int unit = 0;
  // What rounds to 1000 of a unit is 1 of the next one.
  while (value >= 999.5 && unit < 6) value /= 1000, ++unit;
  return fmt::format("{:.{}f} {}FLOP/s", value, value < 9.95 ? 1 : 0, kUnits[unit]);
}

}  // namespace rnnfarm::client
