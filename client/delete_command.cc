#include <istream>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/progress.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

struct Arguments {
  std::string sweep;
  bool yes = false;
};

// What is deleted does not come back, so a person writes the name a second time.
absl::Status Confirm(Program& program, const Farm& farm, const std::string& name) {
  const Terminal& terminal = program.terminal;
  if (terminal.in == nullptr || !terminal.in_is_terminal || !terminal.err_is_terminal) {
    return absl::InvalidArgumentError(
        "what is deleted does not come back, and there is no terminal to ask on: say --yes");
  }
  v1::GetSweepRequest request;
  request.set_name(name);
  const auto response = farm.Call(&Stub::GetSweep, request);
  if (!response.ok()) return response.status();
  const v1::Sweep& sweep = response->sweep();
  // The coordinator says why it does not delete what goes on.
  if (sweep.state() == v1::SWEEP_STATE_RUNNING || sweep.state() == v1::SWEEP_STATE_PAUSED) {
    return absl::OkStatus();
  }
  const std::string word(LastSegment(name));
  terminal.err << word << " is " << Word(sweep.state()) << " and has " << sweep.network_count()
               << (sweep.network_count() == 1 ? " network" : " networks")
               << ". What was not pulled is lost. Its name, to delete it: " << std::flush;
  std::string answer;
  std::getline(*terminal.in, answer);
  if (absl::StripAsciiWhitespace(answer) == word) return absl::OkStatus();
  return absl::CancelledError(absl::StrCat("that is not its name; ", word, " was not deleted"));
}

int Delete(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> name = SweepName(arguments.sweep);
  if (!name.ok()) return program.Fail(name.status());
  const Farm farm = program.Connect();
  if (!arguments.yes) {
    const absl::Status confirmed = Confirm(program, farm, *name);
    if (absl::IsCancelled(confirmed)) {
      program.Say(absl::StrCat("rnnfarm: ", std::string(confirmed.message())));
      return kFailed;
    }
    if (!confirmed.ok()) return program.Fail(confirmed);
  }
  v1::DeleteSweepRequest request;
  request.set_name(*name);
  request.set_request_id(NewRequestId());
  const auto response = farm.Call(&Stub::DeleteSweep, request);
  if (!response.ok()) return program.Fail(response.status());
  program.Say(absl::StrCat(LastSegment(*name), " is deleted with ",
                           response->sweep().network_count(),
                           response->sweep().network_count() == 1 ? " network" : " networks",
                           "; files that no other sweep has go within the hour, or once they are "
                           "as old as the coordinator's --artifact_age"));
  return kOk;
}

}  // namespace

void AddDeleteCommand(CLI::App& group, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCommand(group, program, "delete",
                                 "Forget a sweep that has ended, with its networks and results",
                                 "rnnfarm sweep delete universality-2019",
                                 [&program, arguments] { return Delete(program, *arguments); });
  command->add_option("sweep", arguments->sweep, "Name of the sweep")
      ->type_name("SWEEP")
      ->required();
  command->add_flag("--yes", arguments->yes, "Do not ask; needed where there is no terminal");
}

}  // namespace rnnfarm::client
