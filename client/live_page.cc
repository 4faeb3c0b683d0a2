#include "client/live_page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/progress.h"
#include "client/pull.h"
#include "client/terminal.h"
#include "client/write_report.h"

namespace rnnfarm::client {
namespace {

// Between the end of one page and the begin of the next, as a multiple of what the page took.
constexpr double kRestPerWork = 9;

}  // namespace

absl::Status LivePage::Write(const v1::Sweep& sweep, const std::string& remaining,
                             int reload_seconds) {
  if (folder_.path().empty()) return folder_.NotMade();
  PullOptions options;
  options.cancelled = [] { return Interrupted(); };
  const auto pulled = Pull(farm_, sweep.name(), folder_.path(), options);
  if (!pulled.ok()) return pulled.status();
  figures::LiveState state;
  state.reload_seconds = reload_seconds;
  state.lines = StageLines(sweep);
  state.lines.push_back(CompactLine(sweep, remaining));
  state.lines.push_back(absl::StrCat("as of ", FormatTime(absl::ToUnixSeconds(absl::Now()))));
  return WriteReport(folder_.path(), path_, state);
}

absl::Status LivePage::Update(const v1::Sweep& sweep, const std::string& remaining,
                              absl::Time now) {
  if (now < next_) return absl::OkStatus();
  const absl::Time start = absl::Now();
  const absl::Status written = Write(sweep, remaining, kPageReloadSeconds);
  const absl::Duration work = absl::Now() - start;
  next_ = absl::Now() + std::max(absl::Seconds(kPageReloadSeconds), kRestPerWork * work);
  return written;
}

absl::Status LivePage::Finish(const v1::Sweep& sweep) {
  return Write(sweep, /*remaining=*/"", /*reload_seconds=*/0);
}

}  // namespace rnnfarm::client
