#include "tests/fuzz/mutation.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

namespace rnnfarm::fuzz {
namespace {

constexpr uint32_t kMostChanges = 6;
constexpr uint32_t kMostRepeats = 64;
constexpr uint32_t kLongestPiece = 48;
constexpr size_t kLongestInput = 1 << 13;

// A place in `text`, its end included.
size_t Place(const std::string& text, base::RandomStream& random) {
  return random.Below(static_cast<uint32_t>(text.size()) + 1);
}

std::string Piece(const std::string& text, base::RandomStream& random) {
  return text.substr(Place(text, random), 1 + random.Below(kLongestPiece));
}

void SetNumber(std::string& text, base::RandomStream& random) {
  constexpr int64_t kNumbers[] = {0,
                                  1,
                                  -1,
                                  0x7F,
                                  0xFFFF,
                                  int64_t{1} << 20,
                                  std::numeric_limits<int32_t>::max(),
                                  int64_t{1} << 40,
                                  std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()};
  const int64_t number = kNumbers[random.Below(std::size(kNumbers))];
  const size_t bytes = size_t{1} << random.Below(4);
  if (random.Below(2) == 0) {
    text.insert(Place(text, random), std::to_string(number));
  } else if (text.size() >= bytes) {
    std::memcpy(text.data() + random.Below(static_cast<uint32_t>(text.size() - bytes + 1)), &number,
                bytes);
  }
}

void Change(const std::vector<std::string>& inputs, std::string& text, base::RandomStream& random) {
  const size_t at = Place(text, random);
  switch (random.Below(6)) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.Below(8)));
      break;
    case 1:
      text.insert(at, 1, static_cast<char>(random.Below(256)));
      break;
    case 2:
      text.erase(at, 1 + random.Below(kLongestPiece));
      break;
    case 3: {
      const std::string piece = Piece(text, random);
      for (uint32_t left = random.Below(kMostRepeats); left > 0; --left) text.insert(at, piece);
      break;
    }
    case 4:
      text.insert(at, Piece(inputs[random.Below(inputs.size())], random));
      break;
    default:
      SetNumber(text, random);
  }
}

}  // namespace

std::string Mutated(const std::vector<std::string>& inputs, base::RandomStream& random) {
  std::string text = inputs[random.Below(inputs.size())];
  for (uint32_t left = 1 + random.Below(kMostChanges); left > 0; --left) {
    Change(inputs, text, random);
  }
  text.resize(std::min(text.size(), kLongestInput));
  return text;
}

}  // namespace rnnfarm::fuzz
