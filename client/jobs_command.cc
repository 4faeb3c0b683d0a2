#include <memory>
#include <optional>
#include <sstream>

#include "base/shown_values.h"
#include "client/command.h"
#include "client/job_story.h"
#include "client/listing.h"
#include "client/progress.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

Value OrMissing(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::string WorkerOf(const v1::Job& job) {
  return job.attempts().empty() ? "" : LastSegment(job.attempts().rbegin()->worker());
}

Value OrMissing(const std::optional<double>& number) {
  return number.has_value() ? Value(*number) : Value();
}

std::vector<Value> Row(const v1::Job& job) {
  return {job.name(),
          Word(job.kind()),
          Word(job.state()),
          OrMissing(base::SubjectOf(job)),
          static_cast<int64_t>(job.attempt()),
          OrMissing(base::ShareOf(job)),
          OrMissing(base::LossNow(job)),
          OrMissing(WorkerOf(job)),
          job.progress().iterations_per_second() > 0 ? Value(job.progress().iterations_per_second())
                                                     : Value(),
          OrMissing(SpeedText(job.progress())),
          OrMissing(job.reason()),
          int64_t{job.errors()},
          int64_t{job.lost_leases()},
          int64_t{job.preemptions()},
          OrMissing(FormatTime(job.create_time().seconds())),
          OrMissing(FormatTime(job.end_time().seconds()))};
}

int List(Program& program, const ListingArguments& arguments) {
  const absl::StatusOr<std::string> sweep =
      arguments.sweep.empty() ? std::string(kAllSweeps) : SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  Table table({{"name"},
               {"kind"},
               {"state", false, true},
               {.name = "subject", .gives_way = true},
               {.name = "attempt", .gives_way = true},
               {.name = "share", .gives_way = true},
               {"loss_now"},
               {"worker"},
               {"iterations_per_second", true},
               {.name = "speed", .gives_way = true},
               {"reason"},
               {"errors", true},
               {"lost_leases", true},
               {"preemptions", true},
               {"created", true},
               {"ended", true}});
  v1::ListJobsRequest request;
  request.set_parent(*sweep);
  return PrintListing<v1::ListJobsRequest, v1::ListJobsResponse>(
      program, arguments, &Stub::ListJobs, request, table, [&](const v1::ListJobsResponse& page) {
        for (const v1::Job& job : page.jobs()) table.AddRow(Row(job));
      });
}

int Show(Program& program, const std::string& job, const std::string& format) {
  const absl::StatusOr<std::string> name = ChildName(job, "jobs");
  if (!name.ok()) return program.Fail(name.status());
  const absl::StatusOr<JobStory> story = ReadJobStory(program.Connect(), *name);
  if (!story.ok()) return program.Fail(story.status());
  if (format == "table") {
    std::ostringstream text;
    ShowJobStory(*story, text, program.terminal.OutWidth());
    program.PrintText(text.str());
  } else {
    program.terminal.out << JobStoryJson(*story, format == "jsonl") << std::flush;
  }
  return kOk;
}

}  // namespace

void AddJobsCommands(CLI::App& app, Program& program) {
  CLI::App* group =
      AddGroup(app, "jobs", "Jobs of one sweep or all", "rnnfarm jobs list universality-2019");

  auto listing = std::make_shared<ListingArguments>();
  CLI::App* list = AddCommand(*group, program, "list",
                              "Jobs, as many as --limit says; loss_now: of training so far, while "
                              "it runs; loss: what its network ended with",
                              "rnnfarm jobs list --state failed --where 'units>=128' --sort loss",
                              [&program, listing] { return List(program, *listing); });
  list->add_option("sweep", listing->sweep, "Name of the sweep; by default all")
      ->type_name("SWEEP");
  AddListingOptions(*list, *listing, {JobStateWords(), "units>=128 and architecture=gru"});

  auto job = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("table");
  CLI::App* command = AddCommand(
      *group, program, "show", "One job: its record, attempts and all that happened to it",
      "rnnfarm jobs show sweeps/universality-2019/jobs/train-flipflop-gru-tanh-64-s0",
      [&program, job, format] { return Show(program, *job, *format); });
  command->add_option("job", *job, "Name of the job, as `jobs list` shows it")
      ->type_name("JOB")
      ->required();
  AddFormatOption(*command, *format, "table|json|jsonl");

  AddLogsCommand(*group, program);
}

}  // namespace rnnfarm::client
