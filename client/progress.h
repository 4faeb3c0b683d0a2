// How far a sweep is, for eyes and for logs.
#ifndef RNNFARM_CLIENT_PROGRESS_H_
#define RNNFARM_CLIENT_PROGRESS_H_

#include <deque>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::client {

// Work done and left, in training iterations; an analysis counts as a share of a training. What
// was left when a sweep was cancelled was not done.
struct Work {
  double done = 0;
  double left = 0;
};
Work WorkOf(const v1::Sweep& sweep);

// How long the rest takes, from what the coordinator says of the rate now and from what was seen.
class RemainingTime {
 public:
  void Observe(const v1::Sweep& sweep, absl::Time now);
  // Shortest and longest estimate in seconds; nothing while there is nothing to go by.
  std::optional<std::pair<double, double>> Seconds() const;

 private:
  struct Seen {
    absl::Time at;
    double done;
  };
  std::deque<Seen> seen_;  // of the last kWindow
  double left_ = 0;
  double reported_rate_ = 0;  // iterations a second
};

// "00:03:10", "00:03:10 to 00:05:00" or "--:--:--".
std::string RemainingText(const std::optional<std::pair<double, double>>& seconds);

// "1.2 TFLOP/s, 71 % of peak" of a progress, stage, sweep or worker: what is known of it, or empty.
template <typename Message>
std::string SpeedText(const Message& message);
std::string SpeedText(std::optional<double> operations_per_second,
                      std::optional<double> share_of_peak);

// A line a task and stage: counts, bar, rate. In the bar of a cancelled sweep "-" is what was not
// done, though it counts as ended. No colour. Names of tasks are shortened so that the
// percentage is within `width` columns.
std::vector<std::string> StageLines(const v1::Sweep& sweep, size_t width = std::string::npos);
// All of it in one line.
std::string CompactLine(const v1::Sweep& sweep, const std::string& remaining);

template <typename Message>
std::string SpeedText(const Message& message) {
  std::optional<double> operations, share;
  if (message.has_operations_per_second()) operations = message.operations_per_second();
  if (message.has_share_of_peak()) share = message.share_of_peak();
  return SpeedText(operations, share);
}

// Shows states of a sweep one after the other: redrawn in place on a terminal, one plain line an
// interval elsewhere, never a carriage return.
class ProgressView {
 public:
  struct Options {
    bool redraw = false;  // `out` is a terminal
    bool compact = false;
    int width = 100;                              // columns, for redrawing
    int height = 24;                              // rows, for redrawing
    absl::Duration interval = absl::Seconds(10);  // between two plain lines
  };
  ProgressView(std::ostream& out, Options options) : out_(out), options_(options) {}

  void Show(const v1::Sweep& sweep, const std::string& remaining, absl::Time now);
  // A sentence that stays, above what is redrawn.
  void Note(const std::string& line);
  // The last state, in full.
  void Finish(const v1::Sweep& sweep);

 private:
  void Erase();
  // What of a line a terminal has room for.
  std::string Cut(const std::string& line) const;

  std::ostream& out_;
  Options options_;
  int drawn_ = 0;  // lines that the next Show replaces
  absl::Time last_line_ = absl::InfinitePast();
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PROGRESS_H_
