#include "client/failures.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/text_width.h"

namespace rnnfarm::client {
namespace {

bool HoldsDigit(absl::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return absl::ascii_isdigit(c); });
}

// The message without what differs from job to job.
std::string PatternOf(const std::string& reason) {
  std::vector<std::string> words = absl::StrSplit(reason, ' ');
  for (std::string& word : words) {
    if (HoldsDigit(word)) word = "#";
  }
  return absl::StrJoin(words, " ");
}

// Cut to the words with which `other` begins too.
void Shorten(std::string& shared, const std::string& other) {
  const auto ends_word = [](absl::string_view text, size_t at) {
    return at == text.size() || text[at] == ' ';
  };
  size_t same = std::mismatch(shared.begin(), shared.end(), other.begin(), other.end()).first -
                shared.begin();
  while (same > 0 && !(ends_word(shared, same) && ends_word(other, same))) --same;
  shared.resize(same);
}

// Long enough to tell, short enough for one line of a terminal with the option before it.
constexpr size_t kMostShared = 48;

// A long message is named by its beginning, unless another group's is alike.
void NameBriefly(std::vector<FailureGroup>& groups) {
  for (FailureGroup& group : groups) {
    if (group.shared.size() <= kMostShared) continue;
    const size_t blank = group.shared.rfind(' ', kMostShared);
    if (blank == std::string::npos) continue;
    const std::string brief = group.shared.substr(0, blank);
    const bool alone = std::none_of(groups.begin(), groups.end(), [&](const FailureGroup& other) {
      return &other != &group && other.sweep == group.sweep &&
             absl::StrContains(other.reason, brief);
    });
    if (alone) group.shared = brief;
  }
}

std::string ShellQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

absl::StatusOr<std::vector<v1::Job>> FailedJobs(const Farm& farm, const std::string& sweep,
                                                const std::string& where) {
  std::vector<v1::Job> failed;
  v1::ListJobsRequest request;
  request.set_parent(sweep);
  for (const char* state :
       {"state=failed", "state=quarantined", "state=held", "state=diverged and kind=train"}) {
    request.set_filter(absl::StrCat(state, where.empty() ? "" : " and ", where));
    const absl::Status listed = farm.ForEachPage<v1::ListJobsRequest, v1::ListJobsResponse>(
        &v1::FarmService::Stub::ListJobs, request, /*limit=*/0,
        [&failed](const v1::ListJobsResponse& page) {
          failed.insert(failed.end(), page.jobs().begin(), page.jobs().end());
        });
    if (!listed.ok()) return listed;
  }
  return failed;
}

std::string FailureGroup::RetryCommand(size_t width) const {
  std::string command = absl::StrCat("rnnfarm retry ", LastSegment(sweep), " --failed");
  if (Diverged()) absl::StrAppend(&command, " --reseed");
  if (shared.empty()) return command;
  const std::string reason = absl::StrCat("--reason ", ShellQuoted(shared));
  const bool fits = DisplayWidth(command) + 1 + DisplayWidth(reason) <= width;
  return absl::StrCat(command, fits ? " " : " \\\n", reason);
}

std::vector<FailureGroup> GroupFailures(const std::vector<v1::Job>& failed) {
  std::vector<FailureGroup> groups;
  std::map<std::tuple<std::string, v1::JobState, std::string>, size_t> places;
  for (const v1::Job& job : failed) {
    const std::string sweep = job.name().substr(0, job.name().find("/jobs/"));
    const std::string pattern = PatternOf(job.reason());
    const auto [place, is_new] = places.try_emplace({sweep, job.state(), pattern}, groups.size());
    if (is_new) groups.push_back({sweep, job.state(), job.reason(), pattern, job.reason(), {}});
    FailureGroup& group = groups[place->second];
    Shorten(group.shared, job.reason());
    group.jobs.push_back(job.name());
  }
  NameBriefly(groups);
  return groups;
}

}  // namespace rnnfarm::client
