#include "client/usage.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/text_width.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

// Where CLI11's help begins to describe an option.
constexpr size_t kDescriptionColumn = 30;
constexpr size_t kExampleIndent = 6;
constexpr char kGoesOn[] = " \\";

std::vector<std::string> NamesOf(const std::vector<const CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string Suggestion(const std::string& kind, const std::string& word,
                       const std::vector<std::string>& names) {
  const std::string nearest = population::NearestName(word, names);
  return absl::StrCat("unknown ", kind, " \"", word, "\"",
                      nearest.empty() ? "" : absl::StrCat(": did you mean ", nearest, "?"));
}

// A word that is no option, or that stands where a command should.
std::string Mistake(const CLI::App& app, const CLI::App& reached) {
  const std::vector<std::string> commands = CommandNames(reached);
  for (const std::string& word : app.remaining(true)) {
    if (word.size() > 1 && word[0] == '-') {
      return Suggestion("option", word.substr(0, word.find('=')), NamesOf(OptionsOf(&reached)));
    }
    if (!word.empty() && !commands.empty()) return Suggestion("command", word, commands);
  }
  return "";
}

// Why `value` is none of this option, or empty.
std::string ValueMistake(CLI::Option& option, std::string value) {
  if (option.get_expected_max() == 0) {  // a flag
    try {
      CLI::detail::to_flag_value(value);
      return "";
    } catch (const std::invalid_argument&) {
      return absl::StrCat("\"", value, "\" is neither true nor false");
    }
  }
  try {
    return (*option.get_validator(0))(value);
  } catch (const CLI::OptionNotFound&) {  // anything is allowed
    return "";
  }
}

bool IsExample(absl::string_view line) { return absl::StartsWith(line, "  rnnfarm "); }

std::string WrappedExample(const std::string& line, size_t width) {
  if (DisplayWidth(line) <= width) return line;
  const std::vector<std::string> lines =
      absl::StrSplit(Wrapped(line, width - sizeof(kGoesOn) + 1, kExampleIndent), '\n');
  std::string out = lines[0];
  for (size_t i = 1; i < lines.size(); ++i) absl::StrAppend(&out, kGoesOn, "\n", lines[i]);
  return out;
}

// "{a,b}" as "{a, b}", where a line can be broken.
std::string WithLooseChoices(std::string line) {
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '{') inside = true;
    if (line[i] == '}') inside = false;
    if (inside && line[i] == ',') line.insert(++i, " ");
  }
  return line;
}

// A row of an option or command: its name, then from kDescriptionColumn on what it is.
std::string WrappedRow(std::string line, size_t width) {
  if (DisplayWidth(line) > width) line = WithLooseChoices(std::move(line));
  const size_t text = std::min(line.find_first_not_of(' ', kDescriptionColumn - 1), line.size());
  const bool described = text == kDescriptionColumn && line[text - 1] == ' ';
  return Wrapped(line, width, described ? kDescriptionColumn : 4);
}

}  // namespace

std::string FullName(const CLI::App* command) {
  std::string name = command->get_name();
  for (command = command->get_parent(); command != nullptr; command = command->get_parent()) {
    name = absl::StrCat(command->get_name(), " ", name);
  }
  return name;
}

const CLI::App* Reached(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(below->get_name());
  }
  return names;
}

std::vector<const CLI::Option*> OptionsOf(const CLI::App* command) {
  std::vector<const CLI::Option*> options;
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      if (!option->get_positional() && option != command->get_help_ptr()) options.push_back(option);
    }
  }
  return options;
}

std::string Help(const CLI::App& command, size_t width) {
  const CLI::App* parent = command.get_parent();
  std::string out;
  const std::string help = command.help(parent == nullptr ? "" : FullName(parent));
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(help, '\n'))) {
    absl::StrAppend(&out, out.empty() ? "" : "\n",
                    IsExample(line)                ? WrappedExample(line, width)
                    : absl::StartsWith(line, "  ") ? WrappedRow(line, width)
                                                   : Wrapped(line, width));
  }
  return out;
}

CLI::Validator OneOf(const std::vector<std::string>& names) {
  return CLI::Validator(
      [names](std::string& word) -> std::string {
        if (std::find(names.begin(), names.end(), word) != names.end()) return "";
        const std::string nearest = population::NearestName(word, names);
        return absl::StrCat("\"", word, "\" is none of ", absl::StrJoin(names, ", "),
                            nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"));
      },
      absl::StrCat("{", absl::StrJoin(names, ","), "}"));
}

CLI::Validator Between(double low, double high) {
  constexpr double kNoLimit = 1e9;
  return CLI::Validator(
      [low, high](std::string& word) -> std::string {
        double number = 0;
        if (absl::SimpleAtod(word, &number) && number >= low && number <= high) return "";
        return absl::StrCat("\"", word, "\" is no number ",
                            high < kNoLimit ? absl::StrCat("from ", low, " to ", high)
                                            : absl::StrCat("from ", low, " on"));
      },
      high < kNoLimit ? absl::StrCat("[", low, " - ", high, "]") : "");
}

std::string EnvironmentMistake(CLI::App& app, const std::vector<std::string>& arguments) {
  for (CLI::Option* option : app.get_options()) {
    const std::string& variable = option->get_envname();
    const char* value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    const auto gives = [name = option->get_name()](absl::string_view argument) {
      return argument == name || absl::StartsWith(argument, name + "=");
    };
    if (value == nullptr || *value == '\0' ||
        std::any_of(arguments.begin(), arguments.end(), gives)) {
      continue;
    }
    const std::string wrong = ValueMistake(*option, value);
    if (!wrong.empty()) {
      return absl::StrCat("rnnfarm: the environment's ", variable, ": ", wrong,
                          "; set it to what it may be, or unset it");
    }
  }
  return "";
}

std::string ExplainUsage(const CLI::ParseError& error, const CLI::App& app) {
  const CLI::App* reached = Reached(app);
  const std::string mistake = Mistake(app, *reached);
  return absl::StrCat("rnnfarm: ", mistake.empty() ? error.what() : mistake, "\nSee `",
                      FullName(reached), " --help`.");
}

}  // namespace rnnfarm::client
