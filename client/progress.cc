#include "client/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/job_counts.h"
#include "client/farm.h"
#include "client/terminal.h"
#include "client/text_width.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

using base::CountJobs;

// What an analysis and a comparison cost beside a training of default length.
constexpr double kAnalysisShare = 0.1;
constexpr double kComparisonShare = 0.05;
constexpr absl::Duration kWindow = absl::Minutes(10);
// Less than this and the observed rate is chance.
constexpr absl::Duration kShortestWindow = absl::Seconds(5);
constexpr int kBarWidth = 20;
// Columns of a stage's line up to its percentage, with counts of five digits, beside the task.
constexpr size_t kWithoutTask = 53;
constexpr size_t kLeastTask = 8;
constexpr size_t kIndent = 2;  // of a line that goes on

// Iterations of one job of the search, the mean over its rungs.
double SearchIterations(const v1::SweepSpec& spec) {
  double iterations = 0, jobs = 0, before = 0;
  int draws = spec.search().trials_per_config();
  for (int rung = 0; rung < spec.search().rungs(); ++rung) {
    const double until = static_cast<double>(population::RungIterations(spec, rung));
    iterations += draws * (until - before);
    jobs += draws;
    before = until;
    draws = population::NextRungSize(draws);
  }
  return jobs > 0 ? iterations / jobs : 0;
}

double CostOf(const v1::SweepSpec& spec, v1::JobKind kind) {
  const double training = static_cast<double>(spec.training().iterations());
  switch (kind) {
    case v1::JOB_KIND_SEARCH:
      return SearchIterations(spec);
    case v1::JOB_KIND_TRAIN:
      return training;
    case v1::JOB_KIND_ANALYZE:
      return training * kAnalysisShare;
    default:
      return training * kComparisonShare;
  }
}

// How much of a stage has ended, 0 to 1, and how much of that was done. In a sweep that goes on
// only what nobody needs any more is cancelled; in one that was cancelled it is what was not done.
struct Shares {
  double ended = 0, done = 0;
};

Shares SharesOf(const v1::Sweep& sweep, const v1::StageCount& stage) {
  const double total = static_cast<double>(CountJobs(stage).jobs);
  if (total == 0) return {};
  const double ended = static_cast<double>(CountJobs(stage).ended) +
                       static_cast<double>(stage.leased()) * stage.running_share();
  const bool lost = sweep.state() == v1::SWEEP_STATE_CANCELLED;
  return {ended / total, (ended - (lost ? static_cast<double>(stage.cancelled()) : 0)) / total};
}

// "[######----..........]": done, cancelled, to be done.
std::string Bar(const Shares& shares) {
  const auto width = [](double share) {
    return static_cast<int>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  };
  const int done = width(shares.done), ended = width(shares.ended);
  return absl::StrCat("[", std::string(done, '#'), std::string(ended - done, '-'),
                      std::string(kBarWidth - ended, '.'), "]");
}

std::string Extras(const v1::StageCount& stage) {
  std::string out;
  const auto add = [&out](int64_t count, const char* word) {
    if (count > 0) absl::StrAppend(&out, "  ", count, " ", word);
  };
  add(stage.leased(), "running");
  add(stage.failed(), "failed");
  add(stage.diverged(), "diverged");
  add(stage.cancelled(), "cancelled");
  if (stage.iterations_per_second() > 0) {
    absl::StrAppend(&out, fmt::format("  {:.0f} iterations/s", stage.iterations_per_second()));
  }
  const std::string speed = SpeedText(stage);
  return speed.empty() ? out : absl::StrCat(out, "  ", speed);
}

}  // namespace

Work WorkOf(const v1::Sweep& sweep) {
  Work work;
  for (const v1::StageCount& stage : sweep.stages()) {
    const double cost = CostOf(sweep.spec(), stage.kind());
    const double done = SharesOf(sweep, stage).done;
    work.done += done * static_cast<double>(CountJobs(stage).jobs) * cost;
    work.left += (1 - done) * static_cast<double>(CountJobs(stage).jobs) * cost;
  }
  return work;
}

void RemainingTime::Observe(const v1::Sweep& sweep, absl::Time now) {
  const Work work = WorkOf(sweep);
  // A lost lease takes work back; what was seen before says nothing then.
  if (!seen_.empty() && work.done < seen_.back().done) seen_.clear();
  seen_.push_back({now, work.done});
  while (now - seen_.front().at > kWindow) seen_.pop_front();
  left_ = work.left;
  reported_rate_ = 0;
  for (const v1::StageCount& stage : sweep.stages()) {
    reported_rate_ += stage.iterations_per_second();
  }
}

std::optional<std::pair<double, double>> RemainingTime::Seconds() const {
  std::vector<double> rates;
  if (reported_rate_ > 0) rates.push_back(reported_rate_);
  if (seen_.size() > 1) {
    const absl::Duration time = seen_.back().at - seen_.front().at;
    const double done = seen_.back().done - seen_.front().done;
    if (time >= kShortestWindow && done > 0) rates.push_back(done / absl::ToDoubleSeconds(time));
  }
  if (rates.empty()) return std::nullopt;
  const auto [slow, fast] = std::minmax_element(rates.begin(), rates.end());
  return std::make_pair(left_ / *fast, left_ / *slow);
}

std::string RemainingText(const std::optional<std::pair<double, double>>& seconds) {
  if (!seconds.has_value()) return "--:--:--";
  const std::string low = FormatDuration(seconds->first), high = FormatDuration(seconds->second);
  return low == high ? low : absl::StrCat(low, " to ", high);
}

std::string SpeedText(std::optional<double> operations_per_second,
                      std::optional<double> share_of_peak) {
  std::string text;
  if (operations_per_second.has_value()) text = FormatSpeed(*operations_per_second);
  if (share_of_peak.has_value()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    fmt::format("{:.0f} % of peak", 100 * *share_of_peak));
  }
  return text;
}

std::vector<std::string> StageLines(const v1::Sweep& sweep, size_t width) {
  size_t task_width = 0, count_width = 0;
  for (const v1::StageCount& stage : sweep.stages()) {
    task_width = std::max(task_width, stage.task().size());
    count_width = std::max(count_width, absl::StrCat(CountJobs(stage).jobs).size());
  }
  const size_t room = std::max(kLeastTask, width > kWithoutTask ? width - kWithoutTask : 0);
  task_width = std::min(task_width, room);
  std::vector<std::string> lines;
  for (const v1::StageCount& stage : sweep.stages()) {
    if (CountJobs(stage).jobs == 0) continue;
    const std::string task = Shortened(stage.task(), task_width);
    const Shares shares = SharesOf(sweep, stage);
    lines.push_back(fmt::format("{:<{}}  {:<7}  {}  {:>{}}/{:<{}}  {:>3.0f}%{}", task, task_width,
                                Word(stage.kind()), Bar(shares), CountJobs(stage).ended,
                                count_width, CountJobs(stage).jobs, count_width,
                                std::floor(100 * shares.done), Extras(stage)));
  }
  return lines;
}

std::string CompactLine(const v1::Sweep& sweep, const std::string& remaining) {
  std::map<v1::JobKind, std::pair<int64_t, int64_t>> counts;  // ended, all
  int64_t failed = 0, running = 0;
  double rate = 0;
  for (const v1::StageCount& stage : sweep.stages()) {
    counts[stage.kind()].first += CountJobs(stage).ended;
    counts[stage.kind()].second += CountJobs(stage).jobs;
    failed += stage.failed();
    running += stage.leased();
    rate += stage.iterations_per_second();
  }
  const Work work = WorkOf(sweep);
  const double all = work.done + work.left;
  std::string line = fmt::format("{} {} {:.1f}%", LastSegment(sweep.name()), Word(sweep.state()),
                                 all > 0 ? std::floor(1000 * work.done / all) / 10 : 0.0);
  // What a narrow terminal cuts off comes last.
  if (!IsEnded(sweep.state())) absl::StrAppend(&line, "  left ", remaining);
  for (const auto& [kind, count] : counts) {
    if (count.second == 0) continue;
    absl::StrAppend(&line, "  ", Word(kind), " ", count.first, "/", count.second);
  }
  if (running > 0) absl::StrAppend(&line, "  running ", running);
  if (failed > 0) absl::StrAppend(&line, "  failed ", failed);
  if (rate > 0) absl::StrAppend(&line, fmt::format("  {:.0f} iterations/s", rate));
  const std::string speed = SpeedText(sweep);
  if (!speed.empty()) absl::StrAppend(&line, "  ", speed);
  return line;
}

void ProgressView::Erase() {
  // Line by line: of what is erased from the screen's first line on, tmux keeps a copy above it.
  for (; drawn_ > 0; --drawn_) out_ << "\033[A\033[2K";
}

void ProgressView::Note(const std::string& line) {
  Erase();
  const std::string text = Visible(line, /*lines=*/true);
  out_ << (options_.redraw ? Wrapped(text, options_.width) : text) << std::endl;
}

void ProgressView::Show(const v1::Sweep& sweep, const std::string& remaining, absl::Time now) {
  if (!options_.redraw) {
    if (now - last_line_ < options_.interval) return;
    last_line_ = now;
    out_ << CompactLine(sweep, remaining) << std::endl;
    return;
  }
  std::vector<std::string> lines;
  if (!options_.compact) lines = StageLines(sweep, options_.width);
  lines.push_back(CompactLine(sweep, remaining));
  // What has left the screen at its top cannot be drawn over, and the cursor takes a row.
  const size_t room = std::max(options_.height - 1, 1);
  if (lines.size() > room) lines.erase(lines.begin(), lines.end() - room);
  Erase();
  // A line that wraps could not be drawn over.
  for (const std::string& line : lines) out_ << Cut(line) << "\n";
  out_ << std::flush;
  drawn_ = static_cast<int>(lines.size());
}

void ProgressView::Finish(const v1::Sweep& sweep) {
  Erase();
  if (!options_.compact) {
    const size_t width = options_.redraw ? options_.width : std::string::npos;
    for (const std::string& line : StageLines(sweep, width)) out_ << Cut(line) << "\n";
  }
  out_ << (options_.redraw ? Wrapped(CompactLine(sweep, ""), options_.width, kIndent)
                           : CompactLine(sweep, ""))
       << std::endl;
}

std::string ProgressView::Cut(const std::string& line) const {
  return options_.redraw ? line.substr(0, options_.width - 1) : line;
}

}  // namespace rnnfarm::client
