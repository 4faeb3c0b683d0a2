#include "base/command_line.h"

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/build_info.h"

namespace rnnfarm::base {
namespace {

std::vector<std::string> WithUnderscores(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::string& argument : arguments) {
    if (argument.rfind("--", 0) != 0) continue;
    for (size_t i = 2; i < argument.size() && argument[i] != '='; ++i) {
      if (argument[i] == '-') argument[i] = '_';
    }
  }
  return arguments;
}

// Abseil's own that are no flags to be found.
bool IsBuiltIn(const std::string& name) { return name.rfind("help", 0) == 0 || name == "version"; }

// Empty if arguments[i], and the value after it where there is one, is a flag. Advances i to the
// last argument taken.
std::string WrongFlag(const std::vector<std::string>& arguments, size_t& i) {
  const std::string& argument = arguments[i];
  const size_t begin = argument.rfind("--", 0) == 0 ? 2 : 1;
  const size_t equals = argument.find('=');
  const bool has_value = equals != std::string::npos;
  const std::string name = argument.substr(begin, has_value ? equals - begin : equals);
  if (IsBuiltIn(name)) return "";
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr) {
    const absl::CommandLineFlag* negated =
        name.rfind("no", 0) == 0 ? absl::FindCommandLineFlag(name.substr(2)) : nullptr;
    if (negated == nullptr || !negated->IsOfType<bool>()) return "there is no such flag";
    return has_value ? "takes no value" : "";
  }
  std::string value, error;
  if (has_value) {
    value = argument.substr(equals + 1);
  } else if (flag->IsOfType<bool>()) {
    return "";
  } else if (i + 1 < arguments.size()) {
    value = arguments[++i];
  } else {
    return "needs a value";
  }
  if (flag->ParseFrom(value, &error)) return "";
  return error.empty() ? absl::StrCat("\"", value, "\" is no value for it") : error;
}

// Empty if all of it are flags.
std::string WhatIsWrong(const std::vector<std::string>& arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") {
      return absl::StrCat("unexpected argument \"", argument, "\"");
    }
    const std::string wrong = WrongFlag(arguments, i);
    if (!wrong.empty()) return absl::StrCat(argument, ": ", wrong);
  }
  return "";
}

void PrintHelp(const ProgramDescription& program) {
  std::cout << program.name << ": " << program.usage << "\n" << BuildText() << "\n\nFlags:\n";
  std::map<std::string, const absl::CommandLineFlag*> sorted;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (absl::EndsWith(flag->Filename(), program.file)) sorted[std::string(name)] = flag;
  }
  for (const auto& [name, flag] : sorted) {
    std::cout << "  --" << name << " (" << flag->Help() << "); default: \"" << flag->DefaultValue()
              << "\"\n";
  }
}

}  // namespace

std::optional<int> ParseFlags(const ProgramDescription& program, int argc, char** argv) {
  absl::SetProgramUsageMessage(program.usage);
  absl::FlagsUsageConfig usage;
  const std::string version = absl::StrCat(program.name, " ", BuildText(), "\n");
  usage.version_string = [version] { return version; };
  absl::SetFlagsUsageConfig(usage);
  std::vector<std::string> arguments = WithUnderscores(argc, argv);
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] != "--help" && arguments[i] != "-help") continue;
    PrintHelp(program);
    return 0;
  }
  if (const std::string wrong = WhatIsWrong(arguments); !wrong.empty()) {
    std::cerr << program.name << ": " << wrong << "; see --help\n";
    return kExitBadConfiguration;
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  absl::ParseCommandLine(static_cast<int>(pointers.size()), pointers.data());
  return std::nullopt;
}

}  // namespace rnnfarm::base
