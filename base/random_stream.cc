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
  uint32_t words[4];
  PhiloxBlock(key, substream, block, words);
  return {words[0], words[1], words[2], words[3]};
}

uint32_t RandomStream::NextWord() {
  if (left_ == 0) {
    words_ = Philox(key_, substream_, block_++);
    left_ = 4;
  }
  return words_[4 - left_--];
}

double RandomStream::Uniform() {
  const uint32_t first = NextWord();
  return UniformOfWords(first, NextWord());
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

uint32_t RandomStream::Below(uint32_t n) { return BelowOfWord(NextWord(), n); }

}  // namespace rnnfarm::base
