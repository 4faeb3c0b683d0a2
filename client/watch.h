// Following a sweep until it ends.
#ifndef RNNFARM_CLIENT_WATCH_H_
#define RNNFARM_CLIENT_WATCH_H_

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/exit_code.h"
#include "client/farm.h"
#include "client/outage.h"
#include "client/progress.h"

namespace rnnfarm::client {

struct WatchOptions {
  ProgressView::Options view;
  // Asked at every poll; an error ends the watch with it.
  std::function<absl::Status()> check = [] { return absl::OkStatus(); };
  // Called with every state seen and how long the rest takes; what it cannot do it says itself.
  std::function<void(const v1::Sweep&, const std::string& remaining)> seen =
      [](const v1::Sweep&, const std::string&) {};
  // What a user can do about failed jobs; empty: the commands for it.
  std::string failure_hint;
};

// Shows the sweep's progress until it ended and returns its last state. CANCELLED when the user
// interrupts. A coordinator that was there and goes away is waited for, kLongestOutage at most.
absl::StatusOr<v1::Sweep> WatchSweep(const Farm& farm, const std::string& name, std::ostream& out,
                                     const WatchOptions& options);

// kOk, or kFinishedWithFailures for a sweep that ended with failed jobs or was cancelled.
ExitCode OutcomeOf(const v1::Sweep& sweep);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_WATCH_H_
