// Text from outside, made fit for protobuf's text fields: they take UTF-8 only, and a record with
// anything else in them can be written but never be read again.
#ifndef RNNFARM_BASE_UTF8_H_
#define RNNFARM_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::base {

bool IsUtf8(absl::string_view text);
// The text with U+FFFD for each byte that belongs to no character.
std::string AsUtf8(absl::string_view text);
// The beginning of a UTF-8 text: at most `most` bytes, and no half character.
absl::string_view CutUtf8(absl::string_view text, size_t most);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_UTF8_H_
