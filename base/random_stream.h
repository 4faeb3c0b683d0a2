// Counter-based random numbers: every value is a pure function of (key, substream, position), so
// that a result does not depend on who computes it, in which order or after how many restarts.
//
//   base::StreamKey key =
//       base::DeriveStream(base_seed, "flipflop-gru-tanh-64-l2_1e-05-s3", "trials");
//   base::RandomStream trial(key, /*substream=*/iteration * batch_size + row);
//   double u = trial.Uniform();
//
// The generator is Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
// SC 2011): key of 64 bits, counter = (substream, block), each block four words of 32 bits.
#ifndef RNNFARM_BASE_RANDOM_STREAM_H_
#define RNNFARM_BASE_RANDOM_STREAM_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/philox.h"

namespace rnnfarm::base {

// The first 8 bytes of SHA-256(base_seed as 8 bytes, network_key, 0, purpose).
StreamKey DeriveStream(uint64_t base_seed, absl::string_view network_key,
                       absl::string_view purpose);

// One block of the generator.
std::array<uint32_t, 4> Philox(StreamKey key, uint64_t substream, uint64_t block);

// The two standard normals of two words, by Box and Muller in float32: the first word gives the
// radius sqrt(-2 log u), u = (floor(word / 2) + 1/2) / 2^31, the second one the angle
// 2 pi word / 2^32; cosine first. Both err by less than 3e-7 of the radius, which lies between
// 2e-5 and 6.67. Additions, multiplications and square roots of float32 only: the same bytes on
// every processor.
std::array<float, 2> NormalsOfWords(uint32_t first, uint32_t second);

// The words of a substream from block `first_block` on: word i is Philox(key, substream,
// first_block + i / 4)[i % 4]. Vector code, the fastest way to many words.
void FillWords(StreamKey key, uint64_t substream, uint64_t first_block, absl::Span<uint32_t> out);

// out[i] = float32(deviation * z) for the standard normals z of the words from block `first_block`
// on, two words for two normals; from block 0 the values of RandomStream(key, substream).Normal().
// A shorter span is the beginning of a longer one.
void FillNormals(StreamKey key, uint64_t substream, double deviation, absl::Span<float> out,
                 uint64_t first_block = 0);

class RandomStream {
 public:
  explicit RandomStream(StreamKey key, uint64_t substream = 0) : key_(key), substream_(substream) {}

  uint32_t NextWord();
  // Uniform in [0, 1) with 53 random bits; takes two words.
  double Uniform();
  double Uniform(double min, double max) { return UniformBetween(min, max, Uniform()); }
  // Standard normal, a float32 value; takes two words for every other one (NormalsOfWords).
  double Normal();
  // Uniform in {0, …, n - 1}; n < 2^32; bias below 2^-32.
  uint32_t Below(uint32_t n);

 private:
  StreamKey key_;
  uint64_t substream_;
  uint64_t block_ = 0;
  std::array<uint32_t, 4> words_{};
  int left_ = 0;
  float spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_RANDOM_STREAM_H_
