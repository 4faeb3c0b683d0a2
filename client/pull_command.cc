#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/command.h"
#include "client/pull.h"
#include "client/pull_progress.h"

namespace rnnfarm::client {

void AddPullCommand(CLI::App& app, Program& program) {
  struct Arguments {
    std::string sweep, directory;
    std::vector<std::string> only;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCommand(
      app, program, "pull",
      "Fetch a sweep's results into a folder; what is there is not sent again",
      "rnnfarm pull universality-2019 results/universality --only distances,embeddings",
      [&program, arguments]() -> int {
        const absl::StatusOr<std::string> sweep = SweepName(arguments->sweep);
        if (!sweep.ok()) return program.Fail(sweep.status());
        TakeInterruptsGracefully();
        const auto summary = PullAndTell(program, program.Connect(), *sweep, arguments->directory,
                                         {arguments->only.begin(), arguments->only.end()});
        return summary.ok() ? kOk : program.Fail(summary.status());
      });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_option("directory", arguments->directory, "Folder for the results")
      ->type_name("DIR")
      ->required();
  command->add_option("--only", arguments->only, "Kinds of files, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"networks", "states", "fixed_points", "search", "distances",
                             "embeddings", "statistics"}));
}

}  // namespace rnnfarm::client
