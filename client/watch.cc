#include "client/watch.h"

#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/command.h"
#include "client/live_page.h"
#include "client/terminal.h"

namespace rnnfarm::client {
namespace {

constexpr absl::Duration kPoll = absl::Seconds(1);

// Says each kind of failure once, with the command that tries it again.
class FailureNotes {
 public:
  FailureNotes(const Farm& farm, const std::string& hint) : farm_(farm), hint_(hint) {}

  void Update(const v1::Sweep& sweep, ProgressView& view) {
    int64_t failed = 0;
    for (const v1::StageCount& stage : sweep.stages()) failed += stage.failed();
    if (failed <= known_) return;
    const absl::StatusOr<std::vector<v1::Job>> jobs = FailedJobs(farm_, sweep.name());
    if (!jobs.ok()) return;  // asked again at the next poll
    known_ = failed;
    for (const FailureGroup& group : GroupFailures(*jobs)) {
      if (!said_.insert(group.reason).second) continue;
      view.Note(absl::StrCat("failed: ", group.reason.empty() ? "no reason given" : group.reason,
                             " (", group.jobs.size(), group.jobs.size() == 1 ? " job; " : " jobs; ",
                             hint_.empty() ? DefaultHint(sweep) : hint_, ")"));
    }
  }

 private:
  static std::string DefaultHint(const v1::Sweep& sweep) {
    const std::string name = LastSegment(sweep.name());
    return absl::StrCat("see `rnnfarm jobs list ", name,
                        " --state failed`, try again with `rnnfarm retry ", name, " --failed`");
  }

  const Farm& farm_;
  const std::string hint_;
  int64_t known_ = 0;
  std::set<std::string> said_;
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

absl::StatusOr<std::vector<v1::Job>> FailedJobs(const Farm& farm, const std::string& sweep,
                                                const std::string& where) {
  std::vector<v1::Job> failed;
  v1::ListJobsRequest request;
  request.set_parent(sweep);
  for (const char* state : {"failed", "quarantined"}) {
    request.set_filter(absl::StrCat("state=", state, where.empty() ? "" : " and ", where));
    request.clear_page_token();
    const absl::Status listed = farm.ForEachPage<v1::ListJobsRequest, v1::ListJobsResponse>(
        &v1::FarmService::Stub::ListJobs, request, /*limit=*/0,
        [&failed](const v1::ListJobsResponse& page) {
          failed.insert(failed.end(), page.jobs().begin(), page.jobs().end());
        });
    if (!listed.ok()) return listed;
  }
  return failed;
}

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
  absl::Time lost = absl::InfiniteFuture();
  for (bool seen = false;;) {
    const absl::Status alive = options.check();
    if (!alive.ok()) return alive;
    const auto response = farm.Call(&v1::FarmService::Stub::GetSweep, request);
    const absl::Time now = absl::Now();
    if (response.ok()) {
      if (lost != absl::InfiniteFuture()) view.Note("the coordinator is back");
      lost = absl::InfiniteFuture();
      seen = true;
      const v1::Sweep& sweep = response->sweep();
      remaining.Observe(sweep, now);
      failures.Update(sweep, view);
      searches.Update(sweep, view);
      if (IsEnded(sweep.state())) {
        view.Finish(sweep);
        return sweep;
      }
      view.Show(sweep, RemainingText(remaining.Seconds()), now);
      options.seen(sweep, RemainingText(remaining.Seconds()));
    } else {
      const bool outage =
          absl::IsUnavailable(response.status()) || absl::IsDeadlineExceeded(response.status());
      if (!seen || !outage || now - lost > kLongestOutage) return response.status();
      if (lost == absl::InfiniteFuture()) {
        view.Note(
            absl::StrCat("the coordinator at ", farm.address(), " went away; waiting for it"));
        lost = now;
      }
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
        options.view.redraw = program.terminal.out_is_terminal;
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
      ->check(CLI::Range(0.05, 1e6))
      ->capture_default_str();
}

}  // namespace rnnfarm::client
