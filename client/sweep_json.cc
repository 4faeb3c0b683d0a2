#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/sweep_source.h"

namespace rnnfarm::client {
namespace {

namespace pb = google::protobuf;

// Deeper nesting is no sweep.
constexpr int kMaxDepth = 32;

// Walks JSON text beside the message's descriptor, noting where each field stands. It checks names
// only; values are left to protobuf's own reader.
class JsonWalker {
 public:
  JsonWalker(absl::string_view text, ParsedSweep& parsed) : text_(text), parsed_(parsed) {}

  // False where the text is no JSON; position() is there.
  bool Walk(const pb::Descriptor& type) {
    if (!Object(&type, "", 0)) return false;
    Space();
    return at_ == text_.size();
  }

  // Counts on from where it was asked before; the walk never goes back.
  Position position() {
    for (; counted_ < at_ && counted_ < text_.size(); ++counted_) {
      const bool ends_line = text_[counted_] == '\n';
      position_.column = ends_line ? 1 : position_.column + 1;
      position_.line += ends_line;
    }
    return position_;
  }

 private:
  void Space() {
    while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos) {
      ++at_;
    }
  }
  bool Take(char c) {
    Space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool String(std::string* value) {
    if (!Take('"')) return false;
    value->clear();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) value->push_back(text_[at_++]);
    }
    return Take('"');
  }
  bool Scalar() {
    std::string ignored;
    Space();
    if (at_ < text_.size() && text_[at_] == '"') return String(&ignored);
    const size_t start = at_;
    while (at_ < text_.size() &&
           std::string(" \t\r\n,]}:[{").find(text_[at_]) == std::string::npos) {
      ++at_;
    }
    return at_ > start;
  }

  bool Array(const pb::Descriptor* type, const std::string& path, int depth) {
    if (!Take('[') || depth > kMaxDepth) return false;
    if (Take(']')) return true;
    for (int i = 0;; ++i) {
      Space();
      const std::string element = absl::StrCat(path, "[", i, "]");
      parsed_.where.emplace(element, position());
      if (!Value(type, element, depth)) return false;
      if (Take(']')) return true;
      if (!Take(',')) return false;
    }
  }

  bool Value(const pb::Descriptor* type, const std::string& path, int depth) {
    Space();
    if (at_ < text_.size() && text_[at_] == '{') return Object(type, path + ".", depth + 1);
    if (at_ < text_.size() && text_[at_] == '[') return Array(type, path, depth + 1);
    return Scalar();
  }

  const pb::FieldDescriptor* Find(const pb::Descriptor& type, const std::string& key) const {
    for (int f = 0; f < type.field_count(); ++f) {
      if (type.field(f)->name() == key || type.field(f)->json_name() == key) return type.field(f);
    }
    return nullptr;
  }

  bool Object(const pb::Descriptor* type, const std::string& prefix, int depth) {
    if (!Take('{') || depth > kMaxDepth) return false;
    if (Take('}')) return true;
    do {
      Space();
      const Position at = position();
      std::string key;
      if (!String(&key) || !Take(':')) return false;
      const pb::FieldDescriptor* field = type == nullptr ? nullptr : Find(*type, key);
      const std::string path = absl::StrCat(prefix, field == nullptr ? key : field->name());
      if (type != nullptr && field == nullptr) Unknown(*type, key, at);
      if (!parsed_.where.emplace(path, at).second && field != nullptr) {
        parsed_.errors.push_back(
            {at, absl::StrCat("field \"", key, "\" is set twice: keep one of the two")});
      }
      if (!Value(field == nullptr ? nullptr : field->message_type(), path, depth)) return false;
    } while (Take(','));
    return Take('}');
  }

  void Unknown(const pb::Descriptor& type, const std::string& key, Position at) {
    std::string nearest;
    parsed_.errors.push_back({at, UnknownFieldMessage(key, type, &nearest)});
    if (!nearest.empty()) parsed_.explained.insert(nearest);
  }

  absl::string_view text_;
  ParsedSweep& parsed_;
  size_t at_ = 0;
  size_t counted_ = 0;
  Position position_;
};

// Protobuf's message begins with the path in brackets: "(grid.units[0]): invalid value …".
Position PositionIn(const ParsedSweep& parsed, const std::string& message) {
  const size_t open = message.find('('), close = message.find(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  const auto found = parsed.where.find(message.substr(open + 1, close - open - 1));
  return found == parsed.where.end() ? Position{} : found->second;
}

}  // namespace

ParsedSweep ParseSweepJson(absl::string_view text) {
  ParsedSweep parsed;
  JsonWalker walker(text, parsed);
  if (!walker.Walk(*v1::SweepSpec::descriptor())) {
    parsed.errors.push_back({walker.position(), "this is not JSON here; the rest was not read"});
    parsed.complete = false;
    return parsed;
  }
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // the walker named them all
  const auto status = pb::util::JsonStringToMessage(std::string(text), &parsed.spec, options);
  if (!status.ok()) {
    const std::string message(status.message().data(), status.message().size());
    parsed.errors.push_back({PositionIn(parsed, message), message});
    parsed.complete = false;
  }
  return parsed;
}

}  // namespace rnnfarm::client
