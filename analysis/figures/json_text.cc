#include "analysis/figures/json_text.h"

#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace rnnfarm::figures {
namespace {

std::string TypedArray(absl::string_view dtype, const void* data, size_t bytes) {
  return absl::StrCat("{\"dtype\":\"", dtype, "\",\"bdata\":\"",
                      absl::Base64Escape(absl::string_view(static_cast<const char*>(data), bytes)),
                      "\"}");
}

// Takes a string literal off `json`, whose first character is its quote.
std::string TakeString(absl::string_view& json) {
  std::string out;
  size_t at = 1;
  for (; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] != '\\' || at + 1 >= json.size()) {
      out += json[at];
      continue;
    }
    const char escaped = json[++at];
    switch (escaped) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'u':  // names and digests hold none; shown as it is written
        out += "\\u";
        break;
      default:
        out += escaped;
    }
  }
  json.remove_prefix(at < json.size() ? at + 1 : at);
  return out;
}

}  // namespace

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || c == '<' || byte == 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04x", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string JsonNumber(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.7g", value) : "null";
}

std::string JsonArray(const std::vector<std::string>& items) {
  return absl::StrCat("[", absl::StrJoin(items, ","), "]");
}

std::string JsonStrings(const std::vector<std::string>& values) {
  return absl::StrCat("[",
                      absl::StrJoin(values, ",",
                                    [](std::string* out, const std::string& v) {
                                      absl::StrAppend(out, JsonString(v));
                                    }),
                      "]");
}

std::string JsonIntegers(absl::Span<const int> values) {
  return absl::StrCat("[", absl::StrJoin(values, ","), "]");
}

std::string JsonNumbers(absl::Span<const double> values) {
  return absl::StrCat(
      "[",
      absl::StrJoin(values, ",",
                    [](std::string* out, double v) { absl::StrAppend(out, JsonNumber(v)); }),
      "]");
}

std::string JsonFloats(absl::Span<const float> values) {
  return TypedArray("f4", values.data(), values.size() * sizeof(float));
}

std::string JsonBytes(absl::Span<const unsigned char> values) {
  return TypedArray("u1", values.data(), values.size());
}

JsonObject& JsonObject::Set(absl::string_view name, absl::string_view value) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", JsonString(name), ":", value);
  return *this;
}

std::string JsonObject::Text() const { return absl::StrCat("{", members_, "}"); }

std::string JsonInsideScript(absl::string_view json) {
  // "<" occurs in JSON only inside of strings, where the escape means the same.
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}});
}

std::map<std::string, std::string> TopLevelStrings(absl::string_view json) {
  std::map<std::string, std::string> out;
  int depth = 0;
  bool is_value = false;
  std::string name;
  while (!json.empty()) {
    const char c = json[0];
    if (c == '"') {
      std::string text = TakeString(json);
      if (depth != 1) continue;
      if (is_value) {
        out[name] = std::move(text);
      } else {
        name = std::move(text);
      }
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth == 1 && c == ':') is_value = true;
    if (depth == 1 && c == ',') is_value = false;
    json.remove_prefix(1);
  }
  return out;
}

}  // namespace rnnfarm::figures
