#include "client/pull_progress.h"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include "absl/strings/str_cat.h"
#include "base/steady_time.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

// Between two lines, and between two states of the line that a terminal shows.
constexpr absl::Duration kInterval = absl::Seconds(5);
constexpr absl::Duration kRedraw = absl::Milliseconds(200);

// A plain line an interval, or one line of a terminal that is drawn again and again.
class PullLine {
 public:
  explicit PullLine(Program& program)
      : program_(program),
        terminal_(program.terminal),
        redraws_(terminal_.err_is_terminal && !terminal_.dumb) {}
  ~PullLine() {
    if (drawn_) terminal_.err << kErase << std::flush;
  }

  void Show(const PullProgress& progress) {
    const absl::Time now = base::SteadyNow();
    if (now - last_ < (redraws_ ? kRedraw : kInterval)) return;
    last_ = now;
    const std::string text = Text(progress, now);
    if (redraws_) {
      terminal_.err << kErase << text.substr(0, terminal_.ErrWidth() - 1) << std::flush;
    } else {
      program_.Say(text);
    }
    drawn_ = redraws_;
  }

 private:
  static constexpr char kErase[] = "\r\033[K";

  std::string Text(const PullProgress& progress, absl::Time now) const {
    std::string text =
        absl::StrCat("pull: ", progress.files, " of ", progress.all_files, " files, ",
                     FormatBytes(progress.bytes), " of ", FormatBytes(progress.all_bytes));
    const double rate =
        static_cast<double>(progress.fetched_bytes) / absl::ToDoubleSeconds(now - began_);
    if (rate < 1) return text;  // what is there already is read
    const double left = static_cast<double>(progress.all_bytes - progress.bytes) / rate;
    return absl::StrCat(text, ", ", FormatBytes(static_cast<int64_t>(rate)), "/s, ",
                        FormatDuration(left), " left");
  }

  Program& program_;
  const Terminal& terminal_;
  const bool redraws_;
  const absl::Time began_ = base::SteadyNow();
  absl::Time last_ = began_;
  bool drawn_ = false;
};

}  // namespace

absl::StatusOr<PullSummary> PullAndTell(Program& program, const Farm& farm,
                                        const std::string& sweep, const std::string& directory,
                                        PullOptions options) {
  options.cancelled = [] { return Interrupted(); };
  absl::StatusOr<PullSummary> summary;
  {
    PullLine line(program);
    options.progress = [&line](const PullProgress& progress) { line.Show(progress); };
    summary = Pull(farm, sweep, directory, options);
  }
  if (absl::IsCancelled(summary.status())) {
    return absl::CancelledError("interrupted; the same command goes on from here");
  }
  if (summary.ok() && !IsEnded(summary->state)) {
    program.Say(absl::StrCat(LastSegment(sweep), " is ", Word(summary->state),
                             ": this is what there is by now; the same command fetches the rest"));
  }
  if (summary.ok() && summary->state == v1::SWEEP_STATE_CANCELLED) {
    program.Say(absl::StrCat(LastSegment(sweep), " was cancelled: this is what was done before"));
  }
  if (summary.ok()) {
    program.Say(absl::StrCat(directory, ": ", summary->files, " result files, ", summary->fetched,
                             " fetched (", FormatBytes(summary->bytes), ")"));
  }
  return summary;
}

void AddPullFormats(CLI::App& command, std::vector<std::string>& formats) {
  command
      .add_option("--format", formats,
                  "npz, and beside it: hdf5 (a file a task), pt (a file a network, for PyTorch)")
      ->delimiter(',')
      ->check(OneOf({"npz", "hdf5", "pt"}))
      ->type_name("FORMAT");
}

}  // namespace rnnfarm::client
