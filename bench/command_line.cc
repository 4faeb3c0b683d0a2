#include "bench/command_line.h"

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"

namespace rnnfarm::bench {
namespace {

bool all_met = true;

bool Parse(int argc, char** argv, CommandLine& line) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      line.quick = true;
      continue;
    }
    if (i + 1 >= argc) return false;
    const char* value = argv[++i];
    if (const auto text = line.texts.find(flag); text != line.texts.end()) {
      text->second = value;
      continue;
    }
    const auto number = line.numbers.find(flag);
    if (number == line.numbers.end() || !absl::SimpleAtoi(value, &number->second.value) ||
        number->second.value < number->second.least) {
      return false;
    }
  }
  return true;
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
  if (!Parse(argc, argv, line)) {
    std::fputs(usage, stderr);
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
