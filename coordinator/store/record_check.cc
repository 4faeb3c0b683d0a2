#include "coordinator/store/record_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "coordinator/store/keys.h"

namespace rnnfarm::store {
namespace {

// "sweeps/s" of "sweeps/s/jobs/j".
absl::string_view SweepOf(absl::string_view name) {
  const size_t first = name.find('/');
  return name.substr(0, first == name.npos ? first : name.find('/', first + 1));
}

std::string NameOf(const v1::Configuration& configuration) {
  return absl::StrCat(configuration.sweep(), "/configurations/", configuration.key());
}

template <typename Message>
std::string NameOf(const Message& message) {
  return message.name();
}

}  // namespace

void RecordCheck::Problem(absl::string_view record, absl::string_view what) {
  report_.problems.push_back(absl::StrCat("the record ", record, " ", what));
}

void RecordCheck::Needs(absl::string_view record, const std::string& other) {
  if (!names_.contains(other))
    Problem(record, absl::StrCat("belongs to ", other, ", which is missing"));
}

void RecordCheck::NeedsArtifact(absl::string_view record, absl::string_view digest) {
  if (digest.empty() || find_artifact_(digest).ok()) return;
  Problem(record, absl::StrCat("refers to artifacts/", digest, ", which is missing"));
}

void RecordCheck::Take(absl::string_view key, absl::string_view value) {
  switch (key.size() > 1 && key[1] == '/' ? key[0] : '\0') {
    case kSweepPrefix:
      return TakeRecord<v1::Sweep>(key.substr(2), value);
    case kConfigurationPrefix:
      return TakeRecord<v1::Configuration>(key.substr(2), value);
    case kNetworkPrefix:
      return TakeRecord<v1::Network>(key.substr(2), value);
    case kJobPrefix:
      return TakeRecord<v1::Job>(key.substr(2), value);
    case kWorkerPrefix:
      return TakeRecord<v1::Worker>(key.substr(2), value);
    case kDeletedSweepPrefix:
      return TakeRecord<v1::DeletedSweep>(key.substr(2), value);
    case kEventPrefix:
      return TakeEvent(key, value);
    default:
      Problem(key, "is of no kind that this build knows");
  }
}

template <typename Message>
void RecordCheck::TakeRecord(absl::string_view key, absl::string_view value) {
  ++report_.records;
  Message message;
  if (!message.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Problem(key, "is damaged");
  }
  if (NameOf(message) != key) {
    return Problem(key, absl::StrCat("holds another one, \"", NameOf(message), "\""));
  }
  Look(message);
}

void RecordCheck::Look(const v1::Sweep& sweep) {
  names_.insert(sweep.name());
  for (const v1::Task& task : sweep.spec().task()) {
    NeedsArtifact(sweep.name(), task.dataset().digest());
  }
  for (const v1::Import& import : sweep.spec().import()) {
    NeedsArtifact(sweep.name(), import.digest());
  }
}

void RecordCheck::Look(const v1::Configuration& configuration) {
  const std::string name = NameOf(configuration);
  names_.insert(name);
  Needs(name, configuration.sweep());
  for (const v1::SearchTrial& trial : configuration.trials()) {
    NeedsArtifact(name, trial.checkpoint());
    NeedsArtifact(name, trial.curve());
  }
}

void RecordCheck::Look(const v1::Network& network) {
  names_.insert(network.name());
  const absl::string_view sweep = SweepOf(network.name());
  Needs(network.name(), absl::StrCat(sweep, "/configurations/", network.configuration()));
  for (const auto& [role, digest] : network.artifacts()) NeedsArtifact(network.name(), digest);
}

void RecordCheck::Look(const v1::Job& job) {
  expected_[job.name()] = job.event_count();
  const std::string sweep(SweepOf(job.name()));
  Needs(job.name(), sweep);
  uint64_t& least = least_attempts_.try_emplace(sweep, job.attempt()).first->second;
  least = std::min(least, job.attempt());
  if (!job.configuration().empty()) {
    Needs(job.name(), absl::StrCat(sweep, "/configurations/", job.configuration()));
  }
  if (!job.network().empty()) Needs(job.name(), absl::StrCat(sweep, "/networks/", job.network()));
  for (const auto& [role, digest] : job.artifacts()) NeedsArtifact(job.name(), digest);
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    NeedsArtifact(job.name(), checkpoint.digest());
  }
}

// Else a report for the deleted sweep could be taken for one of its successor's.
void RecordCheck::Look(const v1::DeletedSweep& deleted) {
  const auto least = least_attempts_.find(deleted.name());
  if (least == least_attempts_.end() || least->second >= deleted.last_attempt()) return;
  Problem(deleted.name(),
          absl::StrCat("has a job at attempt ", least->second,
                       ", but one of this name was deleted at attempt ", deleted.last_attempt()));
}

void RecordCheck::TakeEvent(absl::string_view key, absl::string_view value) {
  ++report_.events;
  absl::string_view job;
  int64_t number = 0;
  if (!ParseEventKey(key, &job, &number)) return Problem(key.substr(2), "is no event of a job");
  v1::JobEvent event;
  if (!event.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    Problem(job, absl::StrCat("has a damaged event, number ", number));
  }
  int64_t& next = events_[std::string(job)];
  if (number != next) Problem(job, absl::StrCat("lacks the events from number ", next, " on"));
  next = number + 1;
}

void RecordCheck::Finish() {
  for (const auto& [job, count] : expected_) {
    const int64_t there = events_[job];
    if (there < count) Problem(job, absl::StrCat("has ", there, " of ", count, " events"));
  }
  for (const auto& [job, count] : events_) {
    if (!expected_.contains(job)) Problem(job, "has events, but is missing");
  }
}

}  // namespace rnnfarm::store
