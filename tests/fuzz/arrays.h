// Files of arrays as fuzz targets take them. A zip's checksums would stop nearly every change, so
// that an archive's input is a sequence of steps (steps.h), each a name, a zero byte and an .npy.
#ifndef RNNFARM_TESTS_FUZZ_ARRAYS_H_
#define RNNFARM_TESTS_FUZZ_ARRAYS_H_

#include <string>
#include <vector>

#include "base/array_file.h"
#include "tests/fuzz/steps.h"

namespace rnnfarm::fuzz {

inline constexpr size_t kMostArrays = 32;

inline std::string Unpacked(const std::vector<std::pair<std::string, base::Array>>& arrays) {
  std::string steps;
  for (const auto& [name, array] : arrays) {
    steps += EncodeStep('A', name + '\0' + base::EncodeNpy(array));
  }
  return steps;
}

// The same of an .npz.
inline std::string Unpacked(absl::string_view npz) {
  return Unpacked(base::Archive::Decode(npz, "seed").value().entries());
}

// The .npz of such an input; what is no array is left out.
inline std::string Packed(absl::string_view input) {
  base::Archive archive;
  for (const Step& step : DecodeSteps(input, kMostArrays)) {
    const size_t zero = step.bytes.find('\0');
    if (zero == absl::string_view::npos) continue;
    auto array = base::DecodeNpy(step.bytes.substr(zero + 1), "step");
    if (array.ok()) archive.Add(std::string(step.bytes.substr(0, zero)), *std::move(array));
  }
  return archive.Encode().value_or("");
}

inline base::Array Floats(std::vector<int64_t> shape) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  return base::Array::Of<float>(std::move(shape), std::vector<float>(size, 0.5f));
}

inline base::Array Doubles(std::vector<int64_t> shape) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  return base::Array::Of<double>(std::move(shape), std::vector<double>(size, 0.25));
}

}  // namespace rnnfarm::fuzz

#endif  // RNNFARM_TESTS_FUZZ_ARRAYS_H_
