#include "bench/command_line.h"

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/help.h"

namespace rnnfarm::bench {
namespace {

bool all_met = true;

absl::Status Parse(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      line.quick = true;
      continue;
    }
    const auto text = line.texts.find(flag);
    const auto number = line.numbers.find(flag);
    if (text == line.texts.end() && number == line.numbers.end()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no flag ", flag));
    }
    if (i + 1 >= argc) return absl::InvalidArgumentError(absl::StrCat(flag, " lacks its value"));
    const char* value = argv[++i];
    if (text != line.texts.end()) {
      text->second = value;
    } else if (!absl::SimpleAtoi(value, &number->second.value) ||
               number->second.value < number->second.least) {
      return absl::InvalidArgumentError(absl::StrCat(
          flag, ": \"", value, "\" is no whole number from ", number->second.least, " on"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

int CommandLine::NumberOr(const std::string& flag, int fallback) const {
  const int value = numbers.at(flag).value;
  return value > 0 ? value : fallback;
}

const char* Judge(bool met) {
  all_met = all_met && met;
  return met ? "met" : "NOT";
}

int RunBenchmark(
    const char* name, const char* usage, int argc, char** argv, CommandLine line,
    const std::function<absl::Status(const CommandLine&, std::vector<Figure>& figures)>& print) {
  if (AsksForHelp(argc, argv)) {
    std::fputs(usage, stdout);
    return 0;
  }
  if (const absl::Status given = Parse(argc, argv, line); !given.ok()) {
    std::fprintf(stderr, "%s: %s\n%s", name, std::string(given.message()).c_str(), usage);
    return 2;
  }
  std::vector<Figure> figures;
  absl::Status status = print(line, figures);
  const std::string& json = line.texts.at("--json");
  if (status.ok() && !json.empty()) status = WriteJson(json, "cpu", figures);
  if (status.ok() && !all_met) status = absl::FailedPreconditionError("a bar was not met");
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", name, std::string(status.message()).c_str());
  return 1;
}

}  // namespace rnnfarm::bench
