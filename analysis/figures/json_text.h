// JSON for the page: writing it, and reading the few strings at the top of a manifest.
#ifndef RNNFARM_ANALYSIS_FIGURES_JSON_TEXT_H_
#define RNNFARM_ANALYSIS_FIGURES_JSON_TEXT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rnnfarm::figures {

// Every function gives text that may stand inside a <script> element: "<" is written \u003c.
std::string JsonString(absl::string_view text);
// null for NaN and infinities.
std::string JsonNumber(double value);
std::string JsonStrings(const std::vector<std::string>& values);
std::string JsonIntegers(absl::Span<const int> values);
std::string JsonNumbers(absl::Span<const double> values);
// JSON texts joined to an array.
std::string JsonArray(const std::vector<std::string>& items);

// {"dtype": "f4", "bdata": base64}: the form of typed arrays that Plotly reads.
std::string JsonFloats(absl::Span<const float> values);
std::string JsonBytes(absl::Span<const unsigned char> values);

class JsonObject {
 public:
  // `value` is JSON text.
  JsonObject& Set(absl::string_view name, absl::string_view value);
  std::string Text() const;

 private:
  std::string members_;
};

// JSON text made fit to stand inside a <script> element; its meaning is unchanged.
std::string JsonInsideScript(absl::string_view json);

// The members of the outermost object whose values are strings. Lenient: what is no JSON gives
// what was read before it.
std::map<std::string, std::string> TopLevelStrings(absl::string_view json);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_JSON_TEXT_H_
