#include <memory>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/further_formats.h"
#include "client/pull.h"
#include "client/pull_progress.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

constexpr int kMostStreams = 32;

struct Arguments {
  std::string sweep, directory;
  std::vector<std::string> only, formats;
  int parallel = kDefaultStreams;
};

int RunPull(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  PullOptions options;
  options.only = {arguments.only.begin(), arguments.only.end()};
  options.formats = {arguments.formats.begin(), arguments.formats.end()};
  options.streams = arguments.parallel;
  if (options.formats.count("pt") > 0 && !options.only.empty() &&
      options.only.count("networks") == 0) {
    return program.Fail(absl::InvalidArgumentError(
        "--format pt is made from networks, which --only leaves out; add networks to --only"));
  }
  const bool makes_torch_files = options.formats.count("pt") > 0;
  if (makes_torch_files || HoldsFormat(arguments.directory, "pt")) {
    const absl::Status reached = program.computing.reach();
    if (!reached.ok() && makes_torch_files) return program.Fail(reached);
    options.write_torch_files = program.computing.write_torch_files;
  }
  TakeInterruptsGracefully();
  const auto summary =
      PullAndTell(program, program.Connect(), *sweep, arguments.directory, std::move(options));
  return summary.ok() ? kOk : program.Fail(summary.status());
}

}  // namespace

void AddPullCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      AddCommand(app, program, "pull",
                 "Fetch a sweep's results into a folder; what is there is not sent again",
                 "rnnfarm pull universality-2019 results/universality --only distances,embeddings",
                 [&program, arguments] { return RunPull(program, *arguments); });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_option("directory", arguments->directory, "Folder for the results")
      ->type_name("DIR")
      ->required();
  command->add_option("--only", arguments->only, "Kinds of files, separated by commas")
      ->delimiter(',')
      ->check(OneOf({"networks", "states", "fixed_points", "search", "distances", "embeddings",
                     "statistics"}));
  AddPullFormats(*command, arguments->formats);
  command->add_option("--parallel", arguments->parallel, "Files fetched at a time")
      ->check(Between(1, kMostStreams))
      ->capture_default_str();
}

}  // namespace rnnfarm::client
