// Inputs that are a sequence of steps: each a letter, the length of its bytes (two bytes, the lower
// one first), and so many bytes. What is cut short at the end is taken as far as it goes.
#ifndef RNNFARM_TESTS_FUZZ_STEPS_H_
#define RNNFARM_TESTS_FUZZ_STEPS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rnnfarm::fuzz {

struct Step {
  char letter = 0;
  absl::string_view bytes;
};

inline std::string EncodeStep(char letter, absl::string_view bytes = "") {
  std::string out = {letter, static_cast<char>(bytes.size() & 0xFF),
                     static_cast<char>(bytes.size() >> 8)};
  return out.append(bytes.data(), bytes.size());
}

inline std::vector<Step> DecodeSteps(absl::string_view input, size_t most) {
  std::vector<Step> steps;
  while (input.size() >= 3 && steps.size() < most) {
    const size_t size =
        static_cast<uint8_t>(input[1]) | static_cast<size_t>(static_cast<uint8_t>(input[2])) << 8;
    steps.push_back({input[0], input.substr(3, size)});
    input.remove_prefix(3 + std::min(size, input.size() - 3));
  }
  return steps;
}

}  // namespace rnnfarm::fuzz

#endif  // RNNFARM_TESTS_FUZZ_STEPS_H_
