// `logs`, of which `jobs logs` is another name: what happened to one job, or what went wrong.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/command.h"
#include "client/failures.h"
#include "client/job_story.h"
#include "client/outage.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;
constexpr absl::Duration kPoll = absl::Seconds(1);

struct Arguments {
  std::string name;  // of a job; with `failed` of a sweep, or empty: all sweeps
  bool follow = false, failed = false;
  std::string format = "table";
};

bool IsEnded(v1::JobState state) {
  return state != v1::JOB_STATE_PENDING && state != v1::JOB_STATE_LEASED &&
         state != v1::JOB_STATE_HELD;
}

// Prints events that were not printed yet: a line each for people, or rows of a table.
class EventPrinter {
 public:
  EventPrinter(Program& program, Format format)
      : program_(program),
        format_(format),
        table_({{"number"}, {"time"}, {"kind"}, {"attempt"}, {"worker"}, {"text"}}) {}

  void Print(const std::vector<v1::JobEvent>& events) {
    for (; printed_ < events.size(); ++printed_) {
      const v1::JobEvent& event = events[printed_];
      if (format_ == Format::kTable) {
        program_.PrintText(EventLine(event));
      } else {
        table_.AddRow(Row(event));
      }
    }
    if (Table::Streams(format_)) {
      program_.terminal.out << table_.RenderMore(format_) << std::flush;
    }
  }
  void Finish() {
    if (format_ == Format::kTable) return;
    program_.terminal.out << (Table::Streams(format_) ? table_.RenderEnd(format_)
                                                      : table_.Render(format_))
                          << std::flush;
  }
  size_t printed() const { return printed_; }

 private:
  std::vector<Value> Row(const v1::JobEvent& event) const {
    return {static_cast<int64_t>(printed_),
            FormatTime(event.time().seconds()),
            Word(event.kind()),
            event.attempt() > 0 ? Value(static_cast<int64_t>(event.attempt())) : Value(),
            event.worker().empty() ? Value() : Value(LastSegment(event.worker())),
            event.text()};
  }

  Program& program_;
  const Format format_;
  Table table_;
  size_t printed_ = 0;
};

// Until the job has ended: its record tells when there is more to read.
absl::Status Follow(Program& program, const Farm& farm, const std::string& job,
                    EventPrinter& printer) {
  TakeInterruptsGracefully();
  Outage outage(farm, [&program](const std::string& line) { program.Say(line); });
  v1::GetJobRequest request;
  request.set_name(job);
  do {
    auto response = farm.Call(&Stub::GetJob, request);
    absl::Status called = response.status();
    const bool more =
        response.ok() && response->job().event_count() > static_cast<int64_t>(printer.printed());
    if (more) {
      const auto story = ReadJobStory(farm, job);
      called = story.status();
      if (story.ok()) {
        printer.Print(story->events);
        response->mutable_job()->set_state(story->job.state());
      }
    }
    if (absl::Status status = outage.Note(called); !status.ok()) return status;
    if (called.ok() && IsEnded(response->job().state())) return absl::OkStatus();
  } while (SleepUnlessInterrupted(kPoll));
  return absl::CancelledError("interrupted; the job goes on without this watch");
}

int Tell(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> name = ChildName(arguments.name, "jobs");
  if (!name.ok()) return program.Fail(name.status());
  const absl::StatusOr<Format> format = ParseFormat(arguments.format);
  if (!format.ok()) return program.Fail(format.status());
  if (arguments.follow && *format == Format::kWide) {
    return program.Fail(
        absl::InvalidArgumentError("the columns of -o wide are as wide as what comes last; follow "
                                   "with -o table, jsonl or csv"));
  }
  const Farm farm = program.Connect();
  EventPrinter printer(program, *format);
  absl::Status told;
  if (arguments.follow) {
    told = Follow(program, farm, *name, printer);
  } else {
    const auto story = ReadJobStory(farm, *name);
    told = story.status();
    if (story.ok()) printer.Print(story->events);
  }
  if (printer.printed() > 0 || told.ok()) printer.Finish();
  if (!told.ok()) return program.Fail(told);
  if (printer.printed() == 0) program.Say("nothing has happened to it yet");
  return kOk;
}

void ShowGroup(Program& program, const FailureGroup& group) {
  const std::string before = "  retry    ";
  const size_t width = program.terminal.OutWidth();
  const std::string retry = group.RetryCommand(width - before.size());
  program.PrintText(absl::StrCat(LastSegment(group.sweep), ": ", group.jobs.size(), " ",
                                 Word(group.state), ": ",
                                 group.reason.empty() ? "no reason given" : group.reason,
                                 "\n  such as  ", group.jobs.front(), "\n"));
  // To be copied as it is: a line that is broken or shortened within its quotes is another command.
  program.terminal.out << before
                       << absl::StrReplaceAll(
                              retry, {{"\n", absl::StrCat("\n", std::string(before.size(), ' '))}})
                       << std::endl;
  if (group.others_tried > 0) {
    program.PrintText(absl::StrCat("           which tries ", group.others_tried,
                                   group.others_tried == 1 ? " other job" : " other jobs",
                                   " too: --where tells them apart\n"));
  }
}

int TellFailures(Program& program, const Arguments& arguments) {
  std::string sweep = kAllSweeps;
  if (!arguments.name.empty()) {
    const absl::StatusOr<std::string> named = SweepName(arguments.name);
    if (!named.ok()) return program.Fail(named.status());
    sweep = *named;
  }
  const auto failed = FailedJobs(program.Connect(), sweep);
  if (!failed.ok()) return program.Fail(failed.status());
  const std::vector<FailureGroup> groups = GroupFailures(*failed);
  if (groups.empty()) program.Say("no job failed");
  if (arguments.format == "table") {
    for (const FailureGroup& group : groups) ShowGroup(program, group);
    return kOk;
  }
  Table table({{"sweep"}, {"jobs"}, {"state", false, true}, {"reason"}, {"example"}, {"retry"}});
  for (const FailureGroup& group : groups) {
    table.AddRow({LastSegment(group.sweep), static_cast<int64_t>(group.jobs.size()),
                  Word(group.state), group.reason, group.jobs.front(), group.RetryCommand()});
  }
  return Print(program, table, arguments.format);
}

int Logs(Program& program, const Arguments& arguments) {
  if (arguments.failed && arguments.follow) {
    return program.Fail(
        absl::InvalidArgumentError("-f follows one job; `rnnfarm watch` tells failures of a sweep "
                                   "as they come"));
  }
  if (arguments.failed) return TellFailures(program, arguments);
  if (arguments.name.empty()) {
    return program.Fail(absl::InvalidArgumentError(
        "name a job, as `rnnfarm jobs list` shows it, or say --failed for what went wrong"));
  }
  return Tell(program, arguments);
}

}  // namespace

void AddLogsCommand(CLI::App& parent, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  const std::string group = parent.get_parent() == nullptr ? "" : "jobs ";
  CLI::App* command = AddCommand(
      parent, program, "logs", "What happened to a job, an event a line, or what went wrong",
      absl::StrCat("rnnfarm ", group, "logs --failed universality-2019\n  rnnfarm ", group,
                   "logs -f universality-2019/train-flipflop-gru-tanh-64-l2_1e-05-s0"),
      [&program, arguments] { return Logs(program, *arguments); });
  command
      ->add_option("name", arguments->name,
                   "Name of the job; with --failed of the sweep, by default all")
      ->type_name("JOB|SWEEP");
  command->add_flag("-f,--follow", arguments->follow,
                    "Go on until the job has ended; Ctrl-C only ends the watching");
  command->add_flag("--failed", arguments->failed,
                    "Jobs that failed, wait for a person or diverged, grouped by their message");
  AddFormatOption(*command, arguments->format);
}

}  // namespace rnnfarm::client
