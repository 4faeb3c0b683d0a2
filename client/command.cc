#include "client/command.h"

#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/build_info.h"
#include "client/completion.h"
#include "client/global_options.h"
#include "client/man_page.h"
#include "client/text_width.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

constexpr char kGlobalOptions[] =
    "\nEverywhere: --coordinator ADDRESS, --timeout SECONDS, credentials (see rnnfarm --help).";
constexpr size_t kTextIndent = 4;

// Names that are longer than a line are shortened; `-o json` has them whole.
std::string WithShortWords(const std::string& text, size_t width) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find_first_of(" \n", at);
    if (end == std::string::npos) end = text.size();
    absl::StrAppend(&out, Shortened(absl::string_view(text).substr(at, end - at), width),
                    text.substr(end, 1));
    at = end + 1;
  }
  return out;
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
  AddCompletionCommand(app, program);
  AddVersionCommand(app, program);
}

// Of help that is not read on a terminal.
constexpr size_t kHelpWidth = 80;

size_t HelpWidth(const Terminal& terminal) {
  return std::min<size_t>(kHelpWidth, terminal.OutWidth());
}

}  // namespace

int Program::Fail(const absl::Status& status) {
  Say(absl::StrCat("rnnfarm: ", status.message()));
  return ExitCodeOf(status);
}

void Program::Say(const std::string& line) {
  const std::string text = Visible(absl::StripSuffix(line, "\n"), /*lines=*/true);
  terminal.err << Wrapped(text, terminal.ErrWidth()) << std::endl;
}

void Program::PrintText(const std::string& text) {
  const size_t width = terminal.OutWidth();
  terminal.out << Wrapped(WithShortWords(Visible(text, /*lines=*/true), width - kTextIndent), width,
                          kTextIndent)
               << std::flush;
}

Farm Program::Connect() {
  if (!configured_.has_value()) configured_ = configure();
  if (!configured_->ok()) return Farm(*configured_);
  return Farm(coordinator, absl::Seconds(timeout_seconds), credentials);
}

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
      ->check(OneOf(absl::StrSplit(formats, '|')))
      ->capture_default_str()
      ->type_name("FORMAT");
}

int Print(Program& program, const Table& table, const std::string& format) {
  const absl::StatusOr<Format> parsed = ParseFormat(format);
  if (!parsed.ok()) return program.Fail(parsed.status());
  const Terminal& terminal = program.terminal;
  terminal.out << table.Render(*parsed, terminal.colour, terminal.OutWidth()) << std::flush;
  const std::vector<std::string> left_out = table.LeftOut(terminal.OutWidth());
  if (*parsed == Format::kTable && !left_out.empty()) {
    program.Say(absl::StrCat("no room for ", absl::StrJoin(left_out, ", "),
                             "; `-o wide` shows every column in full"));
  }
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

int RunProgram(const std::vector<std::string>& arguments, Terminal terminal, Computing computing) {
  Program program(terminal, std::move(computing));
  CLI::App app(
      "Trains populations of recurrent networks, takes their dynamics apart and compares "
      "them all.",
      "rnnfarm");
  app.set_version_flag("--version", base::BuildText())->description("What this program is");
  AddGlobalOptions(app, program);
  AddAll(app, program);
  if (arguments.empty()) {
    terminal.err << Help(app, kHelpWidth) << std::flush;
    return kUsage;
  }
  // Asked by the shell and by the installation; nobody else is told of them.
  if (arguments[0] == kCompleteCommand) {
    return Complete(app, {arguments.begin() + 1, arguments.end()}, terminal.out);
  }
  if (arguments[0] == kManPageCommand) {
    terminal.out << ManPage(app) << std::flush;
    return kOk;
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    terminal.out << Help(*Reached(app), HelpWidth(terminal)) << std::flush;
    return kOk;
  } catch (const CLI::CallForVersion&) {
    terminal.out << "rnnfarm " << base::BuildText() << std::endl;
    return kOk;
  } catch (const CLI::ParseError& error) {
    const std::string environment = EnvironmentMistake(app, arguments);
    program.Say(environment.empty() ? ExplainUsage(error, app) : environment);
    return kUsage;
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
