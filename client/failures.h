// Jobs that came to nothing, grouped by what they say, with the command that tries a group again.
#ifndef RNNFARM_CLIENT_FAILURES_H_
#define RNNFARM_CLIENT_FAILURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/farm.h"

namespace rnnfarm::client {

// Jobs that failed, were quarantined or wait for a person, and trainings that diverged; `where`
// narrows them as in ListJobs. `sweep` may be sweeps/-, for all.
absl::StatusOr<std::vector<v1::Job>> FailedJobs(const Farm& farm, const std::string& sweep,
                                                const std::string& where = "");

// Jobs of one sweep in one state whose messages differ in nothing but words that hold a digit, such
// as an iteration, a loss or a network's key.
struct FailureGroup {
  std::string sweep;  // sweeps/{sweep}
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
  std::string reason;             // of the first job
  std::string pattern;            // the same with # for such words
  std::string shared;             // what all their messages begin with, of a long one its beginning
  std::vector<std::string> jobs;  // names
  std::vector<std::string> reasons;  // of those
  // What tells these jobs from the sweep's other groups.
  bool by_state = false, by_reason = true;
  int64_t others_tried = 0;  // jobs of other groups that the command takes along all the same

  bool Diverged() const { return state == v1::JOB_STATE_DIVERGED; }
  // "rnnfarm retry NAME --failed --reason '…'" of these jobs and `others_tried` more, with --reseed
  // for what diverged. In more than one line, as a shell takes them, where it is longer than
  // `width`.
  std::string RetryCommand(size_t width = std::string::npos) const;
};
// In order of appearance.
std::vector<FailureGroup> GroupFailures(const std::vector<v1::Job>& failed);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_FAILURES_H_
