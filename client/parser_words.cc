#include "client/parser_words.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace rnnfarm::client {
namespace {

// Of a value that is none of its field.
std::string ValueWords(absl::string_view message) {
  constexpr absl::string_view kValue = "Value: ";
  absl::string_view value = message;
  if (absl::ConsumePrefix(&value, "Expected double, got: ")) {
    return absl::StrCat(value, " is no number");
  }
  if (absl::ConsumePrefix(&value, "Expected integer, got: ")) {
    return absl::StrCat(value, " is no whole number");
  }
  if (absl::ConsumePrefix(&value, "Expected string, got: ")) {
    return absl::StrCat(value, " is no text; a text stands in double quotes");
  }
  if (absl::StartsWith(message, "Invalid value for boolean") &&
      absl::StrContains(message, kValue)) {
    value = absl::StripSuffix(message.substr(message.find(kValue) + kValue.size()), ".");
    return absl::StrCat(value, " is neither true nor false");
  }
  return std::string(message);
}

}  // namespace

bool ConcernsOneField(absl::string_view message) {
  for (const char* start :
       {"Expected integer", "Expected double", "Expected string", "Expected \"{\"",
        "Integer out of range", "Invalid value for boolean", "Non-repeated field", "Field \""}) {
    if (absl::StartsWith(message, start)) return true;
  }
  return false;
}

std::string Plainly(const std::string& message, const std::string& field) {
  if (absl::StartsWith(message, "Non-repeated field")) {
    return absl::StrCat("field \"", field, "\" is set twice: keep one of the two");
  }
  if (absl::StartsWith(message, "Field \"")) {
    return absl::StrCat(message, " Keep one of the two.");
  }
  return field.empty() ? message : absl::StrCat(field, ": ", ValueWords(message));
}

}  // namespace rnnfarm::client
