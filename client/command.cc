#include "client/command.h"

#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/build_info.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

constexpr char kGlobalOptions[] =
    "\nEverywhere: --coordinator ADDRESS, --timeout SECONDS, credentials (see rnnfarm --help).";

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// The deepest command that the arguments name.
const CLI::App* Reached(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string FullName(const CLI::App* command) {
  std::string name = command->get_name();
  for (command = command->get_parent(); command != nullptr; command = command->get_parent()) {
    name = absl::StrCat(command->get_name(), " ", name);
  }
  return name;
}

// A word that stands where a command should: its nearest name, if it is no command.
std::string MistakenCommand(const CLI::App& app, const CLI::App& reached) {
  const std::vector<std::string> names = CommandNames(reached);
  if (names.empty()) return "";
  for (const std::string& word : app.remaining(true)) {
    if (word.empty() || word[0] == '-') continue;
    const std::string nearest = population::NearestName(word, names);
    return absl::StrCat("unknown command \"", word, "\"",
                        nearest.empty() ? "" : absl::StrCat(": did you mean ", nearest, "?"));
  }
  return "";
}

int ExplainUsage(const CLI::ParseError& error, const CLI::App& app, Program& program) {
  const CLI::App* reached = Reached(app);
  const std::string mistaken = MistakenCommand(app, *reached);
  program.Say(absl::StrCat("rnnfarm: ", mistaken.empty() ? error.what() : mistaken));
  program.Say(absl::StrCat("See `", FullName(reached), " --help`."));
  return kUsage;
}

std::string Help(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return command.help(parent == nullptr ? "" : FullName(parent));
}

void AddAll(CLI::App& app, Program& program) {
  AddRunCommand(app, program);
  AddSweepCommands(app, program);
  AddWatchCommand(app, program);
  AddJobsCommands(app, program);
  AddNetworksCommands(app, program);
  AddExplainCommand(app, program);
  AddLogsCommand(app, program);
  AddRetryCommand(app, program);
  AddWorkersCommands(app, program);
  AddPullCommand(app, program);
  AddReportCommand(app, program);
  AddCompareCommand(app, program);
  AddFixedPointsCommand(app, program);
  AddStoreCommands(app, program);
  AddVersionCommand(app, program);
}

void AddCredentials(CLI::App& app, base::Credentials& credentials) {
  const auto file = [&app](const std::string& name, std::string& path, const std::string& variable,
                           const std::string& description) {
    app.add_option(name, path, description)->envname(variable)->type_name("FILE");
  };
  app.add_flag("--tls", credentials.tls, "Encrypt; implied by the other --tls options");
  file("--tls-ca", credentials.tls_ca, "RNNFARM_TLS_CA",
       "PEM file of the authorities that vouch for the coordinator");
  file("--tls-certificate", credentials.tls_certificate, "RNNFARM_TLS_CERTIFICATE",
       "PEM file of your certificate");
  file("--tls-key", credentials.tls_key, "RNNFARM_TLS_KEY", "PEM file of its private key");
  file("--token-file", credentials.token_file, "RNNFARM_TOKEN_FILE", "File of your token");
  app.add_flag("--insecure", credentials.insecure,
               "Send the token unencrypted beyond loopback, where the network is trusted");
}

void AddGlobalOptions(CLI::App& app, Program& program) {
  app.fallthrough();
  app.require_subcommand(1);
  app.add_option("--coordinator", program.coordinator, "Address of the coordinator")
      ->envname("RNNFARM_COORDINATOR")
      ->capture_default_str()
      ->type_name("ADDRESS");
  AddCredentials(app, program.credentials);
  app.add_option("--timeout", program.timeout_seconds, "Longest wait for one answer, seconds")
      ->check(CLI::Range(0.001, 1e6))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.footer(
      "Exit codes: 0 ok, 1 failed, 2 usage or invalid file, 3 not found, 4 unreachable or "
      "deadline,\n5 finished with failed jobs, 130 interrupted.\n\nExample:\n"
      "  rnnfarm sweep init laptop > laptop.textproto\n"
      "  rnnfarm run laptop.textproto --out results/laptop");
}

}  // namespace

int Program::Fail(const absl::Status& status) {
  Say(absl::StrCat("rnnfarm: ", status.message()));
  return ExitCodeOf(status);
}

void Program::Say(const std::string& line) { terminal.err << line << std::endl; }

CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& description,
                   const std::string& example) {
  CLI::App* group = app.add_subcommand(name, description);
  group->footer(absl::StrCat("Example:\n  ", example, "\n", kGlobalOptions));
  group->require_subcommand(1);
  return group;
}

CLI::App* AddCommand(CLI::App& parent, Program& program, const std::string& name,
                     const std::string& description, const std::string& example,
                     std::function<int()> action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer(absl::StrCat("Example:\n  ", example, "\n", kGlobalOptions));
  command->callback([&program, action = std::move(action)] { program.action = action; });
  return command;
}

void AddFormatOption(CLI::App& command, std::string& format, const std::string& formats) {
  command.add_option("-o", format, absl::StrCat("Format: ", formats))
      ->check(CLI::IsMember(std::vector<std::string>(absl::StrSplit(formats, '|'))))
      ->capture_default_str()
      ->type_name("FORMAT");
}

int Print(Program& program, const Table& table, const std::string& format) {
  const absl::StatusOr<Format> parsed = ParseFormat(format);
  if (!parsed.ok()) return program.Fail(parsed.status());
  program.terminal.out << table.Render(*parsed, program.terminal.colour) << std::flush;
  return kOk;
}

std::string MessageJson(const google::protobuf::Message& message, bool one_line) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !one_line;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}\n";
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

std::string JoinedJson(const std::string& object, const std::string& more) {
  const std::string first(absl::StripSuffix(absl::StripAsciiWhitespace(object), "}"));
  const absl::string_view second = absl::StripAsciiWhitespace(more);
  if (second == "{}") return object;
  const absl::string_view members = absl::StripTrailingAsciiWhitespace(first);
  return absl::StrCat(members, members == "{" ? "" : ",", second.substr(1), "\n");
}

namespace {

// As protobuf lays out JSON: a blank a level.
std::string Enclosed(char open, const std::vector<std::string>& parts, char close, bool one_line) {
  if (one_line) {
    return absl::StrCat(std::string(1, open), absl::StrJoin(parts, ","), std::string(1, close),
                        "\n");
  }
  std::string text(1, open);
  for (size_t i = 0; i < parts.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "\n " : ",\n ", absl::StrReplaceAll(parts[i], {{"\n", "\n "}}));
  }
  return absl::StrCat(text, parts.empty() ? "" : "\n", std::string(1, close), "\n");
}

}  // namespace

std::string ObjectJson(const std::vector<std::pair<std::string, std::string>>& members,
                       bool one_line) {
  std::vector<std::string> parts;
  for (const auto& [name, json] : members) {
    parts.push_back(
        absl::StrCat("\"", name, one_line ? "\":" : "\": ", absl::StripAsciiWhitespace(json)));
  }
  return Enclosed('{', parts, '}', one_line);
}

std::string ArrayJson(const std::vector<std::string>& elements, bool one_line) {
  std::vector<std::string> parts;
  for (const std::string& json : elements) parts.emplace_back(absl::StripAsciiWhitespace(json));
  return Enclosed('[', parts, ']', one_line);
}

int RunProgram(const std::vector<std::string>& arguments, Terminal terminal) {
  Program program(terminal);
  CLI::App app(
      "Trains populations of recurrent networks, takes their dynamics apart and compares "
      "them all.",
      "rnnfarm");
  AddGlobalOptions(app, program);
  AddAll(app, program);
  if (arguments.empty()) {
    terminal.err << Help(app) << std::flush;
    return kUsage;
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    terminal.out << Help(*Reached(app)) << std::flush;
    return kOk;
  } catch (const CLI::ParseError& error) {
    return ExplainUsage(error, app, program);
  }
  if (!program.action) return kUsage;
  try {
    const int code = program.action();
    terminal.out.flush();
    return code;
  } catch (const std::exception& error) {
    return program.Fail(absl::InternalError(error.what()));
  }
}

}  // namespace rnnfarm::client
