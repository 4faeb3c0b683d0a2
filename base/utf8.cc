#include "base/utf8.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace rnnfarm::base {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";

bool Continues(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// Bytes of the character that `text`, which is not empty, begins with; 0 if it begins with none.
size_t CharacterBytes(absl::string_view text) {
  // By number of bytes: the smallest character that needs so many.
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  if (lead < 0xC0 || lead >= 0xF8) return 0;
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() < bytes) return 0;
  uint32_t character = lead & (0x7F >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if (!Continues(text[i])) return 0;
    character = (character << 6) | (static_cast<uint8_t>(text[i]) & 0x3F);
  }
  const bool surrogate = character >= 0xD800 && character < 0xE000;
  return character < kLeast[bytes] || character > 0x10FFFF || surrogate ? 0 : bytes;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string AsUtf8(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    absl::StrAppend(&out, bytes == 0 ? kReplacement : text.substr(0, bytes));
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

absl::string_view CutUtf8(absl::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && Continues(text[most])) --most;
  return text.substr(0, most);
}

}  // namespace rnnfarm::base
