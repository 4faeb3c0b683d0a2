// One job as `jobs show` and `explain` tell it: its record, its attempts and its log.
#ifndef RNNFARM_CLIENT_JOB_STORY_H_
#define RNNFARM_CLIENT_JOB_STORY_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/farm.h"

namespace rnnfarm::client {

struct JobStory {
  v1::Job job;
  std::vector<v1::JobEvent> events;  // oldest first
};

// All of the log of sweeps/{sweep}/jobs/{job}, page by page.
absl::StatusOr<JobStory> ReadJobStory(const Farm& farm, const std::string& name);

// "2026-01-31T12:00:00Z  leased  leased to workers/w  (attempt 1, w)" and a line break.
std::string EventLine(const v1::JobEvent& event);
// Tables fit `width` columns.
void ShowJobStory(const JobStory& story, std::ostream& out, size_t width = std::string::npos);
// The job's JSON with its log as `events`.
std::string JobStoryJson(const JobStory& story, bool one_line);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_JOB_STORY_H_
