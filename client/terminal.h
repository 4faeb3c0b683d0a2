// Where a command writes: data to `out`, narration to `err`. Colour and redraw only where a person
// looks; a pipe or a log gets plain lines.
#ifndef RNNFARM_CLIENT_TERMINAL_H_
#define RNNFARM_CLIENT_TERMINAL_H_

#include <istream>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace rnnfarm::client {

struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;         // out is a terminal and NO_COLOR is not set
  bool dumb = false;           // it cannot move its cursor
  int width = 100;             // columns, of a terminal
  int height = 24;             // rows, of a terminal
  std::istream* in = nullptr;  // where a person answers; null: nobody does
  bool in_is_terminal = false;

  // Columns that a line of `out` or `err` may have; what is no terminal takes any.
  size_t OutWidth() const { return out_is_terminal ? width : std::string::npos; }
  size_t ErrWidth() const { return err_is_terminal ? width : std::string::npos; }

  // Of this process's standard streams.
  static Terminal Standard();
};

// From now on Ctrl-C only makes Interrupted() true; a second one ends the process with 130. Without
// this call Ctrl-C ends the process with 130 at once, once InstallInterruptHandler was called.
void InstallInterruptHandler();
void TakeInterruptsGracefully();
bool Interrupted();
// Returns early, with false, when interrupted.
bool SleepUnlessInterrupted(absl::Duration duration);

// "D-HH:MM:SS" as Slurm writes it, days left out when there are none. Negative is "--:--:--".
std::string FormatDuration(double seconds);
// "2026-01-31T12:00:00Z" in UTC, or empty for the epoch.
std::string FormatTime(int64_t unix_seconds);
// "1.5 MiB"
std::string FormatBytes(int64_t bytes);
// "1.2 TFLOP/s" of floating-point operations a second.
std::string FormatSpeed(double operations_per_second);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_TERMINAL_H_
