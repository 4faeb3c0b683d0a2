#include "client/watch.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/command.h"
#include "client/failures.h"
#include "client/live_page.h"
#include "client/terminal.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

constexpr absl::Duration kPoll = absl::Seconds(1);
constexpr char kDivergedHint[] = "no error: other hyperparameters are another sweep";

// Says each kind of failure once, with the command that tries it again.
class FailureNotes {
 public:
  FailureNotes(const Farm& farm, const std::string& hint) : farm_(farm), hint_(hint) {}

  void Update(const v1::Sweep& sweep, ProgressView& view) {
    std::vector<int64_t> failed;
    for (const v1::StageCount& stage : sweep.stages()) {
      // Draws of a search may diverge: that is what it finds out.
      const bool counts = stage.kind() == v1::JOB_KIND_TRAIN;
      failed.insert(failed.end(), {stage.failed(), stage.held(), counts ? stage.diverged() : 0});
    }
    // After a retry fewer may be others.
    if (failed == known_) return;
    const absl::StatusOr<std::vector<v1::Job>> jobs = FailedJobs(farm_, sweep.name());
    if (!jobs.ok()) return;  // asked again at the next poll
    known_ = failed;
    for (const FailureGroup& group : GroupFailures(*jobs)) {
      if (!said_.insert({group.state, group.pattern}).second) continue;
      view.Note(absl::StrCat(
          Word(group.state), ": ", group.reason.empty() ? "no reason given" : group.reason, " (",
          group.jobs.size(), group.jobs.size() == 1 ? " job; " : " jobs; ", HintFor(group), ")"));
    }
  }

 private:
  std::string HintFor(const FailureGroup& group) const {
    if (!hint_.empty()) return group.Diverged() ? kDivergedHint : hint_;
    const std::string name = LastSegment(group.sweep);
    return absl::StrCat("see `rnnfarm logs --failed ", name, "`, try again ",
                        group.Diverged() ? "with another seed: " : "with ", "`rnnfarm retry ", name,
                        " --failed", group.Diverged() ? " --reseed --where state=diverged`" : "`");
  }

  const Farm& farm_;
  const std::string hint_;
  std::vector<int64_t> known_;
  std::set<std::pair<v1::JobState, std::string>> said_;
};

// Says once of each configuration that its search came to nothing.
class SearchNotes {
 public:
  void Update(const v1::Sweep& sweep, ProgressView& view) {
    for (const v1::SearchFailure& failure : sweep.search_failures()) {
      if (!said_.insert(failure.configuration()).second) continue;
      view.Note(
          absl::StrCat("not trained: ", failure.configuration(), ", ", failure.networks(),
                       failure.networks() == 1 ? " network: " : " networks: ", failure.reason()));
    }
  }

 private:
  std::set<std::string> said_;
};

// A page that cannot be written now may be at the next time; that is said once.
void KeepPage(Program& program, LivePage& page, WatchOptions& options) {
  options.seen = [&program, &page, said = false](const v1::Sweep& sweep,
                                                 const std::string& remaining) mutable {
    const absl::Status written = page.Update(sweep, remaining, absl::Now());
    if (written.ok() || absl::IsCancelled(written)) return;
    if (!said) program.Say(absl::StrCat("no page now: ", written.message()));
    said = true;
  };
}

}  // namespace

ExitCode OutcomeOf(const v1::Sweep& sweep) {
  return sweep.state() == v1::SWEEP_STATE_SUCCEEDED ? kOk : kFinishedWithFailures;
}

absl::StatusOr<v1::Sweep> WatchSweep(const Farm& farm, const std::string& name, std::ostream& out,
                                     const WatchOptions& options) {
  ProgressView view(out, options.view);
  RemainingTime remaining;
  FailureNotes failures(farm, options.failure_hint);
  SearchNotes searches;
  v1::GetSweepRequest request;
  request.set_name(name);
  bool was_paused = false;
  Outage outage(farm, [&view](const std::string& line) { view.Note(line); });
  while (true) {
    const absl::Status alive = options.check();
    if (!alive.ok()) return alive;
    const auto response = farm.Call(&v1::FarmService::Stub::GetSweep, request);
    if (absl::Status status = outage.Note(response.status()); !status.ok()) return status;
    if (response.ok()) {
      const v1::Sweep& sweep = response->sweep();
      remaining.Observe(sweep, absl::Now());
      failures.Update(sweep, view);
      searches.Update(sweep, view);
      if (IsEnded(sweep.state())) {
        view.Finish(sweep);
        return sweep;
      }
      const bool paused = sweep.state() == v1::SWEEP_STATE_PAUSED;
      if (paused && !was_paused) {
        view.Note(
            absl::StrCat("paused; go on with `rnnfarm sweep resume ", LastSegment(name), "`"));
      }
      was_paused = paused;
      view.Show(sweep, RemainingText(remaining.Seconds()), absl::Now());
      options.seen(sweep, RemainingText(remaining.Seconds()));
    }
    if (!SleepUnlessInterrupted(std::min(kPoll, options.view.interval))) {
      return absl::CancelledError("interrupted; the sweep goes on without this watch");
    }
  }
}

void AddWatchCommand(CLI::App& app, Program& program) {
  struct Arguments {
    std::string sweep, html;
    bool compact = false, exit_status = false;
    double interval_seconds = 10;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCommand(
      app, program, "watch", "Follow a sweep until it ends; Ctrl-C only ends the watching",
      "rnnfarm watch universality-2019 --exit-status", [&program, arguments]() -> int {
        const absl::StatusOr<std::string> name = SweepName(arguments->sweep);
        if (!name.ok()) return program.Fail(name.status());
        TakeInterruptsGracefully();
        WatchOptions options;
        options.view.redraw = program.terminal.out_is_terminal && !program.terminal.dumb;
        options.view.height = program.terminal.height;
        options.view.compact = arguments->compact;
        options.view.width = program.terminal.width;
        options.view.interval = absl::Seconds(arguments->interval_seconds);
        const Farm farm = program.Connect();
        std::optional<LivePage> page;
        if (!arguments->html.empty())
          KeepPage(program, page.emplace(farm, arguments->html), options);
        const auto sweep = WatchSweep(farm, *name, program.terminal.out, options);
        if (!sweep.ok()) return program.Fail(sweep.status());
        const absl::Status written = page.has_value() ? page->Finish(*sweep) : absl::OkStatus();
        if (!written.ok()) return program.Fail(written);
        return arguments->exit_status ? OutcomeOf(*sweep) : kOk;
      });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_flag("--compact", arguments->compact, "One line for everything");
  command->add_flag("--exit-status", arguments->exit_status,
                    "Exit with 5 if the sweep ended with failed jobs");
  command
      ->add_option("--html", arguments->html,
                   "Keep the report of the state now in this file, for a browser")
      ->type_name("FILE");
  command
      ->add_option("--interval", arguments->interval_seconds,
                   "Seconds between two lines where the output is no terminal")
      ->check(Between(0.05, 1e6))
      ->capture_default_str();
}

}  // namespace rnnfarm::client
