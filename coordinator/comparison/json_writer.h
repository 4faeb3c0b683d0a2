// JSON text, written front to back, two spaces an indentation.
//
//   JsonWriter json;
//   json.BeginObject().Key("stress1").Number(0.125).Key("excluded").BeginArray().EndArray();
//   std::string text = json.EndObject().Finish();
#ifndef RNNFARM_COORDINATOR_COMPARISON_JSON_WRITER_H_
#define RNNFARM_COORDINATOR_COMPARISON_JSON_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rnnfarm::comparison {

// The shortest decimal text that reads back as the same number; "nan", "inf" and "-inf" as Python
// writes them.
std::string ShortestText(double value);
std::string ShortestText(float value);

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Begin('{'); }
  JsonWriter& EndObject() { return End('}'); }
  JsonWriter& BeginArray() { return Begin('['); }
  JsonWriter& EndArray() { return End(']'); }
  JsonWriter& Key(absl::string_view name);
  // UTF-8 in; quotes, backslashes and control characters are escaped.
  JsonWriter& String(absl::string_view text);
  JsonWriter& Integer(int64_t value);
  // null for NaN and infinities, which JSON cannot say.
  JsonWriter& Number(double value);
  JsonWriter& Number(const std::optional<double>& value);
  JsonWriter& Boolean(bool value);
  // The text, once every object and array is closed.
  std::string Finish() { return text_ + "\n"; }

 private:
  JsonWriter& Begin(char bracket);
  JsonWriter& End(char bracket);
  void BeforeValue();
  void NewLine();

  std::string text_;
  std::vector<int> values_;  // in each open object or array
  bool after_key_ = false;
};

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_JSON_WRITER_H_
