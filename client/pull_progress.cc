#include "client/pull_progress.h"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace rnnfarm::client {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(5);

}  // namespace

absl::StatusOr<PullSummary> PullAndTell(Program& program, const Farm& farm,
                                        const std::string& sweep, const std::string& directory,
                                        PullOptions options) {
  options.cancelled = [] { return Interrupted(); };
  absl::Time last = absl::Now();
  options.progress = [&](int64_t done, int64_t all, int64_t bytes) {
    if (absl::Now() - last < kInterval) return;
    last = absl::Now();
    program.Say(absl::StrCat("pull: ", done, " of ", all, " files, ", FormatBytes(bytes)));
  };
  absl::StatusOr<PullSummary> summary = Pull(farm, sweep, directory, options);
  if (summary.ok()) {
    program.Say(absl::StrCat(directory, ": ", summary->files, " result files, ", summary->fetched,
                             " fetched (", FormatBytes(summary->bytes), ")"));
  }
  return summary;
}

void AddPullFormats(CLI::App& command, std::vector<std::string>& formats) {
  command
      .add_option("--format", formats,
                  "npz, and beside it: hdf5 (a file a task), pt (a file a network, for PyTorch)")
      ->delimiter(',')
      ->check(CLI::IsMember({"npz", "hdf5", "pt"}))
      ->type_name("FORMAT");
}

}  // namespace rnnfarm::client
