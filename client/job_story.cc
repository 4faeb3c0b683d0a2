#include "client/job_story.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/shown_values.h"
#include "client/command.h"
#include "client/progress.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

// "training  1200 of 20000, loss 0.012, 310 iterations/s, 71 GFLOP/s, 68 % of peak": what is known.
std::string ProgressText(const v1::Progress& progress) {
  std::string text =
      absl::StrCat(progress.phase(), "  ", progress.iteration(), " of ", progress.iterations());
  // The losses and rates of an analysis or a job that waits are not 0: it has none.
  if (progress.iterations_per_second() > 0) {
    absl::StrAppend(&text, ", loss ", ValueText(progress.loss()), ", ",
                    ValueText(progress.iterations_per_second()), " iterations/s");
  }
  const std::string speed = SpeedText(progress);
  return speed.empty() ? text : absl::StrCat(text, ", ", speed);
}

Value OrMissing(const std::string& text) { return text.empty() ? Value() : Value(text); }

Table AttemptsTable(const v1::Job& job) {
  Table table({{"attempt"},
               {"worker"},
               {.name = "from", .gives_way = true},
               {.name = "began", .gives_way = true},
               {.name = "ended", .gives_way = true},
               {"outcome"},
               {.name = "build", .gives_way = true}});
  for (const v1::Attempt& attempt : job.attempts()) {
    const std::string outcome = attempt.outcome().empty() ? "running" : attempt.outcome();
    table.AddRow({static_cast<int64_t>(attempt.attempt()), LastSegment(attempt.worker()),
                  attempt.from_iteration(), FormatTime(attempt.start_time().seconds()),
                  OrMissing(FormatTime(attempt.end_time().seconds())),
                  attempt.speculative() ? absl::StrCat(outcome, " (beside a slower one)") : outcome,
                  OrMissing(attempt.build())});
  }
  return table;
}

Table EventsTable(const std::vector<v1::JobEvent>& events) {
  Table table({{.name = "time", .gives_way = true}, {"event"}, {"attempt"}, {"worker"}, {"text"}});
  for (const v1::JobEvent& event : events) {
    table.AddRow({FormatTime(event.time().seconds()), Word(event.kind()),
                  event.attempt() > 0 ? Value(static_cast<int64_t>(event.attempt())) : Value(),
                  OrMissing(LastSegment(event.worker())), OrMissing(event.text())});
  }
  return table;
}

void ShowRecord(const v1::Job& job, std::ostream& out) {
  out << "job       " << job.name() << "\nkind      " << Word(job.kind()) << "\nstate     "
      << Word(job.state()) << "\nsubject   " << base::SubjectOf(job) << "\nerrors    "
      << job.errors() << "\nlost      " << job.lost_leases() << "\nreturned  " << job.preemptions()
      << "\ncreated   " << FormatTime(job.create_time().seconds()) << "\n";
  if (job.has_not_before()) {
    out << "waits     until " << FormatTime(job.not_before().seconds()) << "\n";
  }
  if (job.has_end_time()) out << "ended     " << FormatTime(job.end_time().seconds()) << "\n";
  if (job.memory_bytes() > 0) out << "memory    " << FormatBytes(job.memory_bytes()) << "\n";
  if (job.has_progress()) out << "progress  " << ProgressText(job.progress()) << "\n";
  if (!job.reason().empty()) out << "reason    " << job.reason() << "\n";
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    out << "checkpoint at iteration " << checkpoint.iteration() << "  " << checkpoint.digest()
        << "\n";
  }
  const std::map<std::string, std::string> files(job.artifacts().begin(), job.artifacts().end());
  for (const auto& [role, digest] : files) out << role << "  " << digest << "\n";
}

}  // namespace

std::string EventLine(const v1::JobEvent& event) {
  std::string by;
  if (event.attempt() > 0) by = absl::StrCat("attempt ", event.attempt());
  if (!event.worker().empty()) {
    absl::StrAppend(&by, by.empty() ? "" : ", ", LastSegment(event.worker()));
  }
  return absl::StrCat(FormatTime(event.time().seconds()), "  ", Word(event.kind()), "  ",
                      event.text(), by.empty() ? "" : absl::StrCat("  (", by, ")"), "\n");
}

absl::StatusOr<JobStory> ReadJobStory(const Farm& farm, const std::string& name) {
  v1::GetJobRequest get;
  get.set_name(name);
  auto job = farm.Call(&Stub::GetJob, get);
  if (!job.ok()) return job.status();
  JobStory story{std::move(*job->mutable_job()), {}};
  v1::ListJobEventsRequest list;
  list.set_parent(name);
  const absl::Status listed = farm.ForEachPage<v1::ListJobEventsRequest, v1::ListJobEventsResponse>(
      &Stub::ListJobEvents, list, 0, [&story](const v1::ListJobEventsResponse& page) {
        story.events.insert(story.events.end(), page.events().begin(), page.events().end());
      });
  if (!listed.ok()) return listed;
  return story;
}

void ShowJobStory(const JobStory& story, std::ostream& out, size_t width) {
  ShowRecord(story.job, out);
  if (!story.job.attempts().empty()) {
    out << "\n" << AttemptsTable(story.job).Render(Format::kTable, /*colour=*/false, width);
  }
  if (!story.events.empty()) {
    out << "\n" << EventsTable(story.events).Render(Format::kTable, /*colour=*/false, width);
  }
  out << std::flush;
}

std::string JobStoryJson(const JobStory& story, bool one_line) {
  v1::ListJobEventsResponse log;
  for (const v1::JobEvent& event : story.events) *log.add_events() = event;
  return JoinedJson(MessageJson(story.job, one_line), MessageJson(log, one_line));
}

}  // namespace rnnfarm::client
