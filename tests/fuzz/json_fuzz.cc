// A line of the log is JSON, whatever was logged.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "base/logging.h"
#include "base/utf8.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {

std::vector<std::string> Seeds() {
  return {"a \"quoted\" path\\name", "two\nlines\t\x01\x7f", "ünïcode … 𝄞", "\xff\xfe broken"};
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  const absl::string_view text = fuzz::AsView(data, size);
  const std::string escaped = base::JsonEscaped(text);
  for (const char c : escaped) {
    fuzz::Require(static_cast<unsigned char>(c) >= 0x20, "a line stays one line");
  }
  if (!base::IsUtf8(text)) return 0;
  google::protobuf::Value value;
  const auto read =
      google::protobuf::util::JsonStringToMessage(absl::StrCat("\"", escaped, "\""), &value);
  fuzz::Require(read.ok(), "an escaped text is JSON");
  fuzz::Require(value.string_value() == text, "an escaped text is read back");
  return 0;
}
