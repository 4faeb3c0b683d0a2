#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/failures.h"

namespace rnnfarm::client {
namespace {

// In one request, which is one message.
constexpr size_t kMostNamed = 10'000;

struct Arguments {
  std::string sweep;
  bool failed = false, reseed = false, dry_run = false;
  std::string reason, where;
};

// Messages hold any text, which a filter cannot: the jobs are picked here and named.
absl::StatusOr<std::vector<std::string>> NamesByReason(const Farm& farm, const std::string& sweep,
                                                       const Arguments& arguments) {
  const auto failed = FailedJobs(farm, sweep, arguments.where);
  if (!failed.ok()) return failed.status();
  std::vector<std::string> names;
  for (const v1::Job& job : *failed) {
    if (absl::StrContains(job.reason(), arguments.reason)) names.push_back(job.name());
  }
  return names;
}

absl::StatusOr<v1::RetryJobsResponse> RetryFailed(const Farm& farm, const std::string& sweep,
                                                  const Arguments& arguments) {
  v1::RetryJobsRequest request;
  request.set_parent(sweep);
  request.set_filter(arguments.where);
  request.set_validate_only(arguments.dry_run);
  request.set_reseed(arguments.reseed);
  request.set_request_id(NewRequestId());
  if (arguments.reason.empty()) return farm.Call(&v1::FarmService::Stub::RetryJobs, request);
  const auto names = NamesByReason(farm, sweep, arguments);
  if (!names.ok()) return names.status();
  v1::RetryJobsResponse all;
  const auto stopped = [&all, &request](const absl::Status& why) {
    if (all.jobs().empty() || request.validate_only()) return why;
    return absl::Status(why.code(), absl::StrCat(why.message(), "; ", all.jobs_size(),
                                                 " jobs are tried again already: the same command "
                                                 "goes on with the others"));
  };
  for (size_t first = 0; first < names->size(); first += kMostNamed) {
    const size_t end = std::min(names->size(), first + kMostNamed);
    request.clear_jobs();
    request.mutable_jobs()->Add(names->begin() + first, names->begin() + end);
    request.set_request_id(NewRequestId());
    const auto some = farm.Call(&v1::FarmService::Stub::RetryJobs, request);
    if (!some.ok()) return stopped(some.status());
    all.MergeFrom(*some);
  }
  return all;
}

// Trainings that diverged and are not retried, unless with another seed.
void SayWhatDiverged(Program& program, const Farm& farm, const std::string& sweep,
                     const Arguments& arguments) {
  v1::ListJobsRequest request;
  request.set_parent(sweep);
  request.set_filter(absl::StrCat("kind=train and state=diverged",
                                  arguments.where.empty() ? "" : " and ", arguments.where));
  request.set_page_size(1);
  const auto diverged = farm.Call(&v1::FarmService::Stub::ListJobs, request);
  if (!diverged.ok() || diverged->total_size() == 0) return;
  program.Say(absl::StrCat(diverged->total_size(),
                           diverged->total_size() == 1 ? " training" : " trainings",
                           " diverged and would again with the same seed: --reseed gives another; "
                           "if all seeds diverge, submit other hyperparameters as another sweep"));
}

int Retry(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  if (!arguments.failed) {
    return program.Fail(absl::InvalidArgumentError(
        "say what is to be tried again: --failed (what succeeded is never done again)"));
  }
  const Farm farm = program.Connect();
  const auto response = RetryFailed(farm, *sweep, arguments);
  if (!response.ok()) return program.Fail(response.status());
  std::string names;
  for (const std::string& job : response->jobs()) absl::StrAppend(&names, job, "\n");
  program.PrintText(names);
  program.Say(absl::StrCat(response->jobs_size(), response->jobs_size() == 1 ? " job" : " jobs",
                           arguments.dry_run ? " would be tried again" : " will be tried again",
                           arguments.reseed ? ", the trainings with another seed" : ""));
  if (!arguments.reseed && arguments.reason.empty())
    SayWhatDiverged(program, farm, *sweep, arguments);
  return kOk;
}

}  // namespace

void AddRetryCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCommand(
      app, program, "retry", "Try the failed jobs of a sweep again, with the same seeds or others",
      "rnnfarm retry universality-2019 --failed --dry-run",
      [&program, arguments] { return Retry(program, *arguments); });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_flag("--failed", arguments->failed,
                    "Jobs that failed, were quarantined or wait for a person");
  command->add_option("--reason", arguments->reason, "Only those whose message contains this");
  command->add_option("--where", arguments->where, "Only those, such as 'task=flipflop'");
  command->add_flag("--reseed", arguments->reseed,
                    "Give the trainings among them another seed; those that diverged are among "
                    "them then");
  command->add_flag("--dry-run", arguments->dry_run, "Only show which");
}

}  // namespace rnnfarm::client
