// --help of a benchmark.
#ifndef RNNFARM_BENCH_HELP_H_
#define RNNFARM_BENCH_HELP_H_

#include <string_view>

namespace rnnfarm::bench {

// Wherever it stands among the flags: who asks wants no measurement.
inline bool AsksForHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--help" || flag == "-h") return true;
  }
  return false;
}

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_HELP_H_
