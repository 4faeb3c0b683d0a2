// The report of a sweep that goes on, as a file that is written again and again.
#ifndef RNNFARM_CLIENT_LIVE_PAGE_H_
#define RNNFARM_CLIENT_LIVE_PAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/farm.h"
#include "client/temporary_folder.h"

namespace rnnfarm::client {

// A browser that shows the page loads it anew this often.
inline constexpr int kPageReloadSeconds = 10;

// Keeps what it fetched of the results in a temporary folder while it lives, so that each file is
// fetched once. Thread-compatible.
class LivePage {
 public:
  // `path`: of the page. A reader sees a whole page at any time.
  LivePage(const Farm& farm, std::string path) : farm_(farm), path_(std::move(path)) {}

  // Writes the page of the state now, unless the last one is so young that pages would take more
  // than a small share of the time. `remaining`: how long the sweep will take, in words.
  absl::Status Update(const v1::Sweep& sweep, const std::string& remaining, absl::Time now);
  // Writes the page of a sweep that ended, which reloads no more.
  absl::Status Finish(const v1::Sweep& sweep);

 private:
  absl::Status Write(const v1::Sweep& sweep, const std::string& remaining, int reload_seconds);

  const Farm farm_;
  const std::string path_;
  const TemporaryFolder folder_;
  absl::Time next_ = absl::InfinitePast();
};

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_LIVE_PAGE_H_
