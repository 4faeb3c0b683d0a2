// The generator Philox4x32-10 and what its words mean, one value at a time, on the processor and on
// a device. Most callers want base/random_stream.h.
#ifndef RNNFARM_BASE_PHILOX_H_
#define RNNFARM_BASE_PHILOX_H_

#include <cstdint>

#include "base/host_device.h"

namespace rnnfarm::base {

struct StreamKey {
  uint32_t low = 0;
  uint32_t high = 0;
};

inline constexpr int kPhiloxRounds = 10;
inline constexpr uint32_t kPhiloxMultiplier0 = 0xD2511F53, kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9, kPhiloxWeyl1 = 0xBB67AE85;

// One block of the generator.
RNNFARM_HD_INLINE void PhiloxBlock(StreamKey key, uint64_t substream, uint64_t block,
                                   uint32_t (&words)[4]) {
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32);
  uint32_t c2 = static_cast<uint32_t>(substream), c3 = static_cast<uint32_t>(substream >> 32);
  uint32_t k0 = key.low, k1 = key.high;
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const uint64_t product0 = uint64_t{kPhiloxMultiplier0} * c0;
    const uint64_t product1 = uint64_t{kPhiloxMultiplier1} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(product0);
    k0 += kPhiloxWeyl0;
    k1 += kPhiloxWeyl1;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

// Uniform in [0, 1) with 53 random bits.
RNNFARM_HD_INLINE double UniformOfWords(uint32_t first, uint32_t second) {
  return static_cast<double>(((uint64_t{first} << 32) | second) >> 11) * 0x1.0p-53;
}

RNNFARM_HD_INLINE double UniformBetween(double min, double max, double uniform) {
  return min + (max - min) * uniform;
}

// Uniform in {0, …, n - 1}; bias below 2^-32.
RNNFARM_HD_INLINE uint32_t BelowOfWord(uint32_t word, uint32_t n) {
  return static_cast<uint32_t>((uint64_t{word} * n) >> 32);
}

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_PHILOX_H_
