// A fuzz target: what every file NAME_fuzz.cc here defines.
//
// With clang and RNNFARM_FUZZ libFuzzer calls it (NAME_fuzz); in every build replay.cc does, over
// kept inputs and a fixed set of mutations (NAME_fuzz_test). README.md says how to run both.
#ifndef RNNFARM_TESTS_FUZZ_TARGET_H_
#define RNNFARM_TESTS_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Returns 0 for any input; a broken promise ends the process.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace rnnfarm::fuzz {

// Sound inputs to begin with; the same in every run.
std::vector<std::string> Seeds();

inline absl::string_view AsView(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

}  // namespace rnnfarm::fuzz

#endif  // RNNFARM_TESTS_FUZZ_TARGET_H_
