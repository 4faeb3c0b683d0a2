#include <memory>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/listing.h"
#include "client/progress.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

Value OrMissing(const std::string& text) { return text.empty() ? Value() : Value(text); }

std::string WorkerOf(const v1::Job& job) {
  return job.attempts().empty() ? "" : LastSegment(job.attempts().rbegin()->worker());
}

// Share of the work that is done, for jobs that run.
Value ShareOf(const v1::Job& job) {
  if (!job.has_progress() || job.progress().iterations() <= 0) return Missing();
  return static_cast<double>(job.progress().iteration()) /
         static_cast<double>(job.progress().iterations());
}

std::string SubjectOf(const v1::Job& job) {
  if (!job.network().empty()) return job.network();
  if (job.kind() != v1::JOB_KIND_SEARCH) return job.task();
  return absl::StrCat(job.configuration(), " draw ", job.draw(), " rung ", job.rung());
}

std::vector<Value> Row(const v1::Job& job) {
  return {job.name(),
          Word(job.kind()),
          Word(job.state()),
          OrMissing(SubjectOf(job)),
          static_cast<int64_t>(job.attempt()),
          ShareOf(job),
          job.has_progress() ? Value(job.progress().loss()) : Value(),
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
  const absl::StatusOr<std::string> sweep = SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  Table table({{"name"},
               {"kind"},
               {"state", false, true},
               {"subject"},
               {"attempt"},
               {"share"},
               {"loss"},
               {"worker"},
               {"iterations_per_second", true},
               {"speed"},
               {"reason"},
               {"errors", true},
               {"lost_leases", true},
               {"preemptions", true},
               {"created", true},
               {"ended", true}});
  v1::ListJobsRequest request;
  request.set_parent(*sweep);
  request.set_filter(arguments.Filter());
  request.set_order_by(arguments.OrderBy());
  int64_t total = 0;
  const absl::Status listed =
      program.Connect().ForEachPage<v1::ListJobsRequest, v1::ListJobsResponse>(
          &Stub::ListJobs, request, arguments.limit, [&](const v1::ListJobsResponse& page) {
            total = page.total_size();
            for (const v1::Job& job : page.jobs()) table.AddRow(Row(job));
          });
  if (!listed.ok()) return program.Fail(listed);
  const int printed = Print(program, table, arguments.format);
  SayHowMany(program, static_cast<int64_t>(table.size()), total);
  return printed;
}

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

void ShowText(const v1::Job& job, std::ostream& out) {
  out << "job       " << job.name() << "\nkind      " << Word(job.kind()) << "\nstate     "
      << Word(job.state()) << "\nsubject   " << SubjectOf(job) << "\nerrors    " << job.errors()
      << "\nlost      " << job.lost_leases() << "\n";
  if (job.has_progress()) out << "progress  " << ProgressText(job.progress()) << "\n";
  if (!job.reason().empty()) out << "reason    " << job.reason() << "\n";
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    out << "checkpoint at iteration " << checkpoint.iteration() << "  " << checkpoint.digest()
        << "\n";
  }
  for (const auto& [role, digest] : job.artifacts()) out << role << "  " << digest << "\n";
  for (const v1::Attempt& attempt : job.attempts()) {
    out << "attempt " << attempt.attempt() << "  " << LastSegment(attempt.worker()) << "  "
        << FormatTime(attempt.start_time().seconds()) << "  "
        << (attempt.outcome().empty() ? "running" : attempt.outcome()) << "\n";
  }
  out << std::flush;
}

int Show(Program& program, const std::string& job, const std::string& format) {
  const absl::StatusOr<std::string> name = ChildName(job, "jobs");
  if (!name.ok()) return program.Fail(name.status());
  v1::GetJobRequest request;
  request.set_name(*name);
  const auto response = program.Connect().Call(&Stub::GetJob, request);
  if (!response.ok()) return program.Fail(response.status());
  if (format == "table") {
    ShowText(response->job(), program.terminal.out);
  } else {
    program.terminal.out << MessageJson(response->job(), format == "jsonl") << std::flush;
  }
  return kOk;
}

}  // namespace

void AddJobsCommands(CLI::App& app, Program& program) {
  CLI::App* group = AddGroup(app, "jobs", "Jobs of a sweep", "rnnfarm jobs list universality-2019");

  auto listing = std::make_shared<ListingArguments>();
  AddListingOptions(*AddCommand(*group, program, "list", "Jobs, as many as --limit says",
                                "rnnfarm jobs list universality-2019 --state failed -o wide",
                                [&program, listing] { return List(program, *listing); }),
                    *listing);

  auto job = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("table");
  CLI::App* command =
      AddCommand(*group, program, "show", "One job with its attempts",
                 "rnnfarm jobs show sweeps/universality-2019/jobs/train-flipflop-gru-tanh-64-s0",
                 [&program, job, format] { return Show(program, *job, *format); });
  command->add_option("job", *job, "Name of the job, as `jobs list` shows it")->required();
  AddFormatOption(*command, *format, "table|json|jsonl");
}

}  // namespace rnnfarm::client
