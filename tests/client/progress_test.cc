#include "client/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/str_replace.h"
#include "client/terminal.h"

namespace rnnfarm::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Sweep HalfDone() {
  v1::Sweep sweep;
  sweep.set_name("sweeps/s");
  sweep.set_state(v1::SWEEP_STATE_RUNNING);
  sweep.mutable_spec()->mutable_training()->set_iterations(1000);
  v1::StageCount& train = *sweep.add_stages();
  train.set_task("flipflop");
  train.set_kind(v1::JOB_KIND_TRAIN);
  train.set_pending(4);
  train.set_leased(2);
  train.set_running_share(0.5);
  train.set_succeeded(3);
  train.set_failed(1);
  train.set_iterations_per_second(100);
  return sweep;
}

TEST(Progress, ShowsALineAStage) {
  EXPECT_THAT(StageLines(HalfDone()),
              ElementsAre("flipflop  train    [##########..........]   4/10   50%  2 running  "
                          "1 failed  100 iterations/s"));
}

TEST(Progress, WhatWasCancelledWithItsSweepIsNotDone) {
  v1::Sweep sweep = HalfDone();
  v1::StageCount& train = *sweep.mutable_stages(0);
  train.set_pending(0);
  train.set_leased(0);
  train.clear_iterations_per_second();
  train.set_cancelled(6);
  sweep.set_state(v1::SWEEP_STATE_CANCELLED);
  EXPECT_THAT(StageLines(sweep),
              ElementsAre("flipflop  train    [########------------]  10/10   40%  1 failed  "
                          "6 cancelled"));
  EXPECT_EQ(CompactLine(sweep, ""), "s cancelled 40.0%  train 10/10  failed 1");
  EXPECT_EQ(WorkOf(sweep).done, 4000);
  // Of a sweep that ended by itself, nobody needed it.
  sweep.set_state(v1::SWEEP_STATE_FAILED);
  EXPECT_THAT(StageLines(sweep), ElementsAre(HasSubstr("[####################]  10/10  100%")));
  EXPECT_THAT(CompactLine(sweep, ""), HasSubstr("100.0%"));
}

TEST(Progress, ShowsTheSpeedThatIsKnown) {
  v1::Progress progress;
  EXPECT_EQ(SpeedText(progress), "");
  progress.set_operations_per_second(71.4e9);
  EXPECT_EQ(SpeedText(progress), "71 GFLOP/s");
  progress.set_share_of_peak(0.684);
  EXPECT_EQ(SpeedText(progress), "71 GFLOP/s, 68 % of peak");
  v1::Sweep sweep = HalfDone();
  sweep.mutable_stages(0)->set_operations_per_second(1.23e12);
  EXPECT_THAT(StageLines(sweep), ElementsAre(HasSubstr("100 iterations/s  1.2 TFLOP/s")));
  sweep.set_operations_per_second(1.23e12);
  sweep.set_share_of_peak(0.5);
  EXPECT_THAT(CompactLine(sweep, "00:00:50"),
              HasSubstr("failed 1  100 iterations/s  1.2 TFLOP/s, 50 % of peak"));
}

TEST(Speed, IsRoundedToTheNextUnit) {
  EXPECT_EQ(FormatSpeed(0), "0.0 FLOP/s");
  EXPECT_EQ(FormatSpeed(999.4e9), "999 GFLOP/s");
  EXPECT_EQ(FormatSpeed(999.6e9), "1.0 TFLOP/s");
  EXPECT_EQ(FormatSpeed(9.96e9), "10 GFLOP/s");
}

TEST(Progress, PipesGetPlainLinesAtIntervals) {
  std::ostringstream out;
  ProgressView view(out, {.interval = absl::Seconds(10)});
  const absl::Time start = absl::FromUnixSeconds(0);
  for (int second = 0; second < 25; ++second) {
    view.Show(HalfDone(), "00:00:50", start + absl::Seconds(second));
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("s running 50.0%  left 00:00:50  train 4/10  running 2  failed 1"));
  view.Note("a note");
  view.Finish(HalfDone());
  EXPECT_THAT(out.str(), Not(HasSubstr("\033")));
  EXPECT_THAT(out.str(), Not(HasSubstr("\r")));
}

constexpr char kEraseLineAbove[] = "\033[A\033[2K";

int64_t Count(const std::string& text, const std::string& part) {
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Progress, TerminalsAreRedrawnInPlace) {
  std::ostringstream out;
  ProgressView view(out, {.redraw = true, .width = 40});
  view.Show(HalfDone(), "00:00:50", absl::FromUnixSeconds(0));
  view.Show(HalfDone(), "00:00:50", absl::FromUnixSeconds(1));
  EXPECT_EQ(Count(out.str(), kEraseLineAbove), 2);
  EXPECT_THAT(out.str(), Not(HasSubstr("\r")));
  // Nothing wraps.
  std::istringstream lines(absl::StrReplaceAll(out.str(), {{kEraseLineAbove, ""}}));
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 40u);
}

TEST(Progress, DrawsNoMoreLinesThanATerminalHasRows) {
  std::ostringstream out;
  ProgressView view(out, {.redraw = true, .width = 60, .height = 4});
  v1::Sweep sweep;
  sweep.set_name("sweeps/s");
  sweep.set_state(v1::SWEEP_STATE_RUNNING);
  for (const char* task : {"a", "b", "c", "d", "e", "f"}) {
    v1::StageCount& stage = *sweep.add_stages();
    stage.set_task(task);
    stage.set_kind(v1::JOB_KIND_TRAIN);
    stage.set_pending(1);
  }
  view.Show(sweep, "", absl::UnixEpoch());
  const std::string drawn = out.str();
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\n'), 3);
  view.Show(sweep, "", absl::UnixEpoch());
  EXPECT_EQ(Count(out.str(), kEraseLineAbove), 3);
}

TEST(RemainingTime, SpansTheReportedAndTheObservedRate) {
  RemainingTime remaining;
  EXPECT_FALSE(remaining.Seconds().has_value());
  v1::Sweep sweep = HalfDone();
  remaining.Observe(sweep, absl::FromUnixSeconds(0));
  ASSERT_TRUE(remaining.Seconds().has_value());
  EXPECT_DOUBLE_EQ(remaining.Seconds()->first, 50);  // 5000 iterations at 100 a second
  sweep.mutable_stages(0)->set_running_share(0.75);  // 500 iterations in 10 s
  remaining.Observe(sweep, absl::FromUnixSeconds(10));
  EXPECT_DOUBLE_EQ(remaining.Seconds()->first, 45);
  EXPECT_DOUBLE_EQ(remaining.Seconds()->second, 90);
  EXPECT_EQ(RemainingText(remaining.Seconds()), "00:00:45 to 00:01:30");
}

TEST(Duration, IsSlurms) {
  EXPECT_EQ(FormatDuration(59.6), "00:01:00");
  EXPECT_EQ(FormatDuration(86400 * 3 + 3723), "3-01:02:03");
  EXPECT_EQ(FormatDuration(-1), "--:--:--");
}

}  // namespace
}  // namespace rnnfarm::client
