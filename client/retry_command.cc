#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/watch.h"

namespace rnnfarm::client {
namespace {

struct Arguments {
  std::string sweep;
  bool failed = false, dry_run = false;
  std::string reason, where;
};

absl::StatusOr<std::vector<std::string>> RetryMatching(const Farm& farm, const std::string& sweep,
                                                       const std::string& filter, bool dry_run) {
  v1::RetryJobsRequest request;
  request.set_parent(sweep);
  request.set_filter(filter);
  request.set_validate_only(dry_run);
  request.set_request_id(NewRequestId());
  const auto response = farm.Call(&v1::FarmService::Stub::RetryJobs, request);
  if (!response.ok()) return response.status();
  return std::vector<std::string>(response->jobs().begin(), response->jobs().end());
}

// Messages hold any text, which a filter cannot: the jobs are picked here and named one by one.
absl::StatusOr<std::vector<std::string>> RetryByReason(const Farm& farm, const std::string& sweep,
                                                       const Arguments& arguments) {
  const auto failed = FailedJobs(farm, sweep, arguments.where);
  if (!failed.ok()) return failed.status();
  std::vector<std::string> all;
  for (const v1::Job& job : *failed) {
    if (!absl::StrContains(job.reason(), arguments.reason)) continue;
    const auto one =
        RetryMatching(farm, sweep, absl::StrCat("name=", job.name()), arguments.dry_run);
    if (!one.ok()) return one.status();
    all.insert(all.end(), one->begin(), one->end());
  }
  return all;
}

int Retry(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  if (!arguments.failed) {
    return program.Fail(absl::InvalidArgumentError(
        "say what is to be tried again: --failed (what succeeded is never done again)"));
  }
  const Farm farm = program.Connect();
  const auto jobs = arguments.reason.empty()
                        ? RetryMatching(farm, *sweep, arguments.where, arguments.dry_run)
                        : RetryByReason(farm, *sweep, arguments);
  if (!jobs.ok()) return program.Fail(jobs.status());
  for (const std::string& job : *jobs) program.terminal.out << job << "\n";
  program.terminal.out << std::flush;
  program.Say(absl::StrCat(jobs->size(), jobs->size() == 1 ? " job" : " jobs",
                           arguments.dry_run ? " would be tried again" : " will be tried again"));
  return kOk;
}

}  // namespace

void AddRetryCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      AddCommand(app, program, "retry", "Try the failed jobs of a sweep again, with the same seeds",
                 "rnnfarm retry universality-2019 --failed --dry-run",
                 [&program, arguments] { return Retry(program, *arguments); });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_flag("--failed", arguments->failed, "Jobs that failed or were quarantined");
  command->add_option("--reason", arguments->reason, "Only those whose message contains this");
  command->add_option("--where", arguments->where, "Only those, such as 'task=flipflop'");
  command->add_flag("--dry-run", arguments->dry_run, "Only show which");
}

}  // namespace rnnfarm::client
