// Counter-based random numbers: every value is a pure function of (key, substream, position), so
// that a result does not depend on who computes it, in which order or after how many restarts.
//
//   base::StreamKey key = base::DeriveStream(base_seed, "flipflop-gru-tanh-64-l2_1e-05-s3",
//   "trials"); base::RandomStream trial(key, /*substream=*/iteration * batch_size + row); double u
//   = trial.Uniform();
//
// The generator is Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
// SC 2011): key of 64 bits, counter = (substream, block), each block four words of 32 bits.
#ifndef RNNFARM_BASE_RANDOM_STREAM_H_
#define RNNFARM_BASE_RANDOM_STREAM_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

struct StreamKey {
  uint32_t low = 0;
  uint32_t high = 0;
};

// The first 8 bytes of SHA-256(base_seed as 8 bytes, network_key, 0, purpose).
StreamKey DeriveStream(uint64_t base_seed, absl::string_view network_key,
                       absl::string_view purpose);

// One block of the generator.
std::array<uint32_t, 4> Philox(StreamKey key, uint64_t substream, uint64_t block);

class RandomStream {
 public:
  explicit RandomStream(StreamKey key, uint64_t substream = 0) : key_(key), substream_(substream) {}

  uint32_t NextWord();
  // Uniform in [0, 1) with 53 random bits; takes two words.
  double Uniform();
  double Uniform(double min, double max) { return min + (max - min) * Uniform(); }
  // Standard normal by Box-Muller; takes four words, both values of a pair are used.
  double Normal();
  // Uniform in {0, …, n - 1}; n < 2^32; bias below 2^-32.
  uint32_t Below(uint32_t n);

 private:
  StreamKey key_;
  uint64_t substream_;
  uint64_t block_ = 0;
  std::array<uint32_t, 4> words_{};
  int left_ = 0;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_RANDOM_STREAM_H_
