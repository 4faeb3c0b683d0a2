#include "base/random_stream.h"

#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "base/digest.h"

namespace rnnfarm::base {

StreamKey DeriveStream(uint64_t base_seed, absl::string_view network_key,
                       absl::string_view purpose) {
  Digest digest;
  digest.Update(absl::string_view(reinterpret_cast<const char*>(&base_seed), sizeof(base_seed)));
  digest.Update(network_key);
  digest.Update(absl::string_view("\0", 1));
  digest.Update(purpose);
  const std::string bytes = absl::HexStringToBytes(digest.Finish());
  StreamKey key;
  std::memcpy(&key.low, bytes.data(), 4);
  std::memcpy(&key.high, bytes.data() + 4, 4);
  return key;
}

std::array<uint32_t, 4> Philox(StreamKey key, uint64_t substream, uint64_t block) {
  constexpr int kRounds = 10;
  constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32);
  uint32_t c2 = static_cast<uint32_t>(substream), c3 = static_cast<uint32_t>(substream >> 32);
  uint32_t k0 = key.low, k1 = key.high;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * c0;
    const uint64_t product1 = uint64_t{kMultiplier1} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(product0);
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return {c0, c1, c2, c3};
}

uint32_t RandomStream::NextWord() {
  if (left_ == 0) {
    words_ = Philox(key_, substream_, block_++);
    left_ = 4;
  }
  return words_[4 - left_--];
}

double RandomStream::Uniform() {
  const uint64_t high = NextWord();
  const uint64_t low = NextWord();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
}

double RandomStream::Normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const uint32_t first = NextWord();
  const auto [normal, spare] = NormalsOfWords(first, NextWord());
  spare_ = spare;
  has_spare_ = true;
  return normal;
}

uint32_t RandomStream::Below(uint32_t n) {
  return static_cast<uint32_t>((uint64_t{NextWord()} * n) >> 32);
}

}  // namespace rnnfarm::base
