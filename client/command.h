// The registry of commands: every group of commands is one file that adds itself to the program.
#ifndef RNNFARM_CLIENT_COMMAND_H_
#define RNNFARM_CLIENT_COMMAND_H_

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/credentials.h"
#include "client/computing.h"
#include "client/exit_code.h"
#include "client/farm.h"
#include "client/table.h"
#include "client/terminal.h"

namespace rnnfarm::client {

// What the commands of one run of the program share.
struct Program {
  explicit Program(Terminal terminal, Computing computing = {})
      : terminal(terminal), computing(std::move(computing)) {}

  Terminal terminal;
  Computing computing;
  std::string coordinator = kDefaultCoordinator;
  base::Credentials credentials;
  double timeout_seconds = 30;
  // What the arguments ask for; set by the callback of the command chosen.
  std::function<int()> action;

  // Takes what the configuration file adds to what precedes; asked once.
  std::function<absl::Status()> configure = [] { return absl::OkStatus(); };

  // Connects on first use, not before. With a configuration that is of no use every call ends with
  // its error.
  Farm Connect();
  // Prints `status` to err, as "rnnfarm: MESSAGE", and gives its exit code.
  int Fail(const absl::Status& status);
  // Narration, a line on err; on a terminal as many as it takes.
  void Say(const std::string& line);
  // Text for people on out, within the width of a terminal; lines that go on are indented.
  void PrintText(const std::string& text);

 private:
  std::optional<absl::Status> configured_;
};

// Adds a command that has commands of its own.
CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& description,
                   const std::string& example);

// Adds a command with its help, an example and the function that does it. The names of the types
// of its options and arguments say how they are completed (client/completion.h).
CLI::App* AddCommand(CLI::App& parent, Program& program, const std::string& name,
                     const std::string& description, const std::string& example,
                     std::function<int()> action);

// The option -o of listings.
void AddFormatOption(CLI::App& command, std::string& format,
                     const std::string& formats = "table|wide|json|jsonl|csv|name");

// Prints the table to `out` as asked for.
int Print(Program& program, const Table& table, const std::string& format);
// A single message as `-o json` (or jsonl) shows it: the API's JSON with the contract's names.
std::string MessageJson(const google::protobuf::Message& message, bool one_line);
// The members of two JSON objects in one.
std::string JoinedJson(const std::string& object, const std::string& more);
// An object or array of JSON texts, each as MessageJson gives it.
std::string ObjectJson(const std::vector<std::pair<std::string, std::string>>& members,
                       bool one_line);
std::string ArrayJson(const std::vector<std::string>& elements, bool one_line);

// One a group of commands.
void AddRunCommand(CLI::App& app, Program& program);
void AddSweepCommands(CLI::App& app, Program& program);
// Of the group `sweep`.
void AddDeleteCommand(CLI::App& group, Program& program);
void AddWatchCommand(CLI::App& app, Program& program);
void AddJobsCommands(CLI::App& app, Program& program);
void AddNetworksCommands(CLI::App& app, Program& program);
// `explain` itself, of which `networks explain` is another name.
void AddExplainCommand(CLI::App& parent, Program& program);
// `logs` itself, of which `jobs logs` is another name.
void AddLogsCommand(CLI::App& parent, Program& program);
void AddRetryCommand(CLI::App& app, Program& program);
void AddWorkersCommands(CLI::App& app, Program& program);
void AddPullCommand(CLI::App& app, Program& program);
void AddReportCommand(CLI::App& app, Program& program);
void AddCompareCommand(CLI::App& app, Program& program);
void AddFixedPointsCommand(CLI::App& app, Program& program);
void AddStoreCommands(CLI::App& app, Program& program);
void AddCompletionCommand(CLI::App& app, Program& program);
void AddVersionCommand(CLI::App& app, Program& program);

// The program `rnnfarm`: parses `arguments` (without the program's name), does what they ask for
// and returns the exit code. Never throws.
int RunProgram(const std::vector<std::string>& arguments, Terminal terminal, Computing computing);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMMAND_H_
