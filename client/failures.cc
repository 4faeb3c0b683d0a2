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

// How many jobs of the group `retry --reason text` tries.
int64_t Matches(const FailureGroup& group, const std::string& text) {
  return std::count_if(group.reasons.begin(), group.reasons.end(),
                       [&](const std::string& reason) { return absl::StrContains(reason, text); });
}

// Without what no command can hold in one line: a control character and what follows it.
std::string OneLine(const std::string& text) {
  const std::string shown = Visible(text, /*lines=*/false);
  return text.substr(
      0, std::mismatch(text.begin(), text.end(), shown.begin(), shown.end()).first - text.begin());
}

// What a long line begins with.
std::string Brief(const std::string& line) {
  const size_t blank =
      line.size() <= kMostShared ? std::string::npos : line.rfind(' ', kMostShared);
  return blank == std::string::npos ? line : line.substr(0, blank);
}

// Names each group so that its command tries no other one's jobs where that can be said.
void TellApart(std::vector<FailureGroup>& groups) {
  for (FailureGroup& group : groups) {
    std::vector<const FailureGroup*> others, alike;  // of the sweep; of the state too
    for (const FailureGroup& other : groups) {
      if (&other == &group || other.sweep != group.sweep) continue;
      others.push_back(&other);
      if (other.state == group.state) alike.push_back(&other);
    }
    const auto matches = [](const std::vector<const FailureGroup*>& among,
                            const std::string& text) {
      int64_t count = 0;
      for (const FailureGroup* other : among) count += Matches(*other, text);
      return count;
    };
    group.shared = OneLine(group.shared);
    const std::string brief = Brief(group.shared);
    if (matches(alike, brief) == 0) group.shared = brief;
    // With other seeds what failed for other reasons would be tried too.
    group.by_state =
        group.Diverged() || matches(others, group.shared) > matches(alike, group.shared);
    group.by_reason = !group.shared.empty() && !(group.by_state && alike.empty());
    group.others_tried = matches(alike, group.by_reason ? group.shared : "");
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
  std::vector<std::string> words = {LastSegment(sweep), "--failed"};
  if (Diverged()) words.push_back("--reseed");
  if (by_state) words.push_back(absl::StrCat("--where state=", Word(state)));
  if (by_reason) words.push_back(absl::StrCat("--reason ", ShellQuoted(shared)));
  constexpr size_t kBreak = 2;  // of " \\"
  std::string command = "rnnfarm retry";
  size_t column = command.size();
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t longer = column + 1 + DisplayWidth(words[i]);
    const bool fits = longer + (i + 1 < words.size() ? kBreak : 0) <= width;
    absl::StrAppend(&command, fits ? " " : " \\\n", words[i]);
    column = fits ? longer : DisplayWidth(words[i]);
  }
  return command;
}

std::vector<FailureGroup> GroupFailures(const std::vector<v1::Job>& failed) {
  std::vector<FailureGroup> groups;
  std::map<std::tuple<std::string, v1::JobState, std::string>, size_t> places;
  for (const v1::Job& job : failed) {
    const std::string sweep = job.name().substr(0, job.name().find("/jobs/"));
    const std::string pattern = PatternOf(job.reason());
    const auto [place, is_new] = places.try_emplace({sweep, job.state(), pattern}, groups.size());
    if (is_new) groups.push_back({sweep, job.state(), job.reason(), pattern, job.reason(), {}, {}});
    FailureGroup& group = groups[place->second];
    Shorten(group.shared, job.reason());
    group.jobs.push_back(job.name());
    group.reasons.push_back(job.reason());
  }
  TellApart(groups);
  return groups;
}

}  // namespace rnnfarm::client
