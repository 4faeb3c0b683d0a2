// The command line of a benchmark: --help, --quick, --json FILE and flags of its own that take a
// value.
//
//   CommandLine line;
//   line.numbers["--jobs"] = {};
//   return RunBenchmark("bench_dispatch", kUsage, argc, argv, line,
//                       [](const CommandLine& given, std::vector<Figure>& figures) { ... });
#ifndef RNNFARM_BENCH_COMMAND_LINE_H_
#define RNNFARM_BENCH_COMMAND_LINE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/figures.h"

namespace rnnfarm::bench {

struct CommandLine {
  struct Number {
    int least = 1;
    int value = 0;  // 0: not given
  };
  bool quick = false;
  std::map<std::string, Number> numbers;
  std::map<std::string, std::string> texts = {{"--json", ""}};

  int NumberOr(const std::string& flag, int fallback) const;
};

// "met" or "NOT".
const char* Judge(bool met);

// Reads what was given into `line`, prints the benchmark's table and writes its figures. Returns
// the program's exit code: 0, 1 with a sentence on standard error, also where a bar was not met, or
// 2 with what is wrong and `usage`: what it measures, its flags and an example, which --help
// prints.
int RunBenchmark(
    const char* name, const char* usage, int argc, char** argv, CommandLine line,
    const std::function<absl::Status(const CommandLine&, std::vector<Figure>& figures)>& print);

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_COMMAND_LINE_H_
