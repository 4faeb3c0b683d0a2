#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/parser_words.h"
#include "client/sweep_source.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

namespace pb = google::protobuf;
using Token = pb::io::Tokenizer::Token;

// The parser stops at a wrong value; so many times it is run again behind one.
constexpr int kMaxRecoveries = 100;

// Deeper nesting is in no file of ours, and protobuf's parser would follow it until the stack ends.
constexpr int kMaxDepth = 32;

// What stands for a field that is not to be read again: unknown to every message.
constexpr char kBlank = 'Z';

class Collector : public pb::io::ErrorCollector {
 public:
  struct Entry {
    int line, column;  // from 0
    std::string message;
  };
  void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override {
    errors.push_back({line, column, message});
  }
  void AddWarning(int line, pb::io::ColumnNumber column, const std::string& message) override {
    warnings.push_back({line, column, message});
  }
  std::vector<Entry> errors, warnings;
};

std::vector<Token> Tokenize(const std::string& text) {
  Collector ignored;
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  pb::io::Tokenizer tokenizer(&stream, &ignored);
  tokenizer.set_comment_style(pb::io::Tokenizer::SH_COMMENT_STYLE);
  tokenizer.set_allow_f_after_float(true);
  std::vector<Token> tokens;
  while (tokenizer.Next()) tokens.push_back(tokenizer.current());
  return tokens;
}

// The first token that is nested too deeply, or null.
const Token* FindTooDeep(const std::vector<Token>& tokens) {
  int depth = 0;
  for (const Token& token : tokens) {
    if (token.text == "{" || token.text == "<" || token.text == "[") ++depth;
    if (token.text == "}" || token.text == ">" || token.text == "]") --depth;
    if (depth > kMaxDepth) return &token;
  }
  return nullptr;
}

int IndexAt(const std::vector<Token>& tokens, int line, int column) {
  int index = 0;
  while (index < static_cast<int>(tokens.size()) &&
         (tokens[index].line < line ||
          (tokens[index].line == line && tokens[index].column < column))) {
    ++index;
  }
  return index;
}

size_t OffsetOf(const std::string& text, int line, int column) {
  constexpr int kTabWidth = 8;
  size_t offset = 0;
  for (; line > 0; --line) offset = text.find('\n', offset) + 1;
  for (int at = 0; at < column; ++offset) {
    at += text[offset] == '\t' ? kTabWidth - at % kTabWidth : 1;
  }
  return offset;
}

// The name of the field whose value or colon stands at `index`: -1 if there is none.
int FieldNameBefore(const std::vector<Token>& tokens, int index) {
  const bool after_name = index < static_cast<int>(tokens.size()) &&
                          (tokens[index].text == ":" || tokens[index].text == "{");
  if (after_name && index > 0 && tokens[index - 1].type == pb::io::Tokenizer::TYPE_IDENTIFIER) {
    return index - 1;
  }
  for (int i = index - 1; i > 0; --i) {
    if (tokens[i].text == "{" || tokens[i].text == "}") return -1;
    if (tokens[i].text != ":") continue;
    return tokens[i - 1].type == pb::io::Tokenizer::TYPE_IDENTIFIER ? i - 1 : -1;
  }
  return -1;
}

std::vector<std::string> Quoted(const std::string& message) {
  std::vector<std::string> out;
  size_t open = 0;
  while ((open = message.find('"', open)) != std::string::npos) {
    const size_t close = message.find('"', open + 1);
    if (close == std::string::npos) break;
    out.push_back(message.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return out;
}

void AddUnknownField(const Collector::Entry& warning, const std::vector<Token>& tokens,
                     ParsedText& parsed) {
  const std::vector<std::string> quoted = Quoted(warning.message);
  const int name = IndexAt(tokens, warning.line, warning.column) - 1;
  Position at{warning.line + 1, warning.column + 1};
  if (name >= 0) at = {tokens[name].line + 1, tokens[name].column + 1};
  const pb::Descriptor* message =
      quoted.size() < 2 ? nullptr
                        : pb::DescriptorPool::generated_pool()->FindMessageTypeByName(quoted[0]);
  if (message == nullptr) {
    parsed.errors.push_back({at, warning.message});
    return;
  }
  if (quoted[1].find_first_not_of(kBlank) == std::string::npos) return;
  std::string nearest;
  parsed.errors.push_back({at, UnknownFieldMessage(quoted[1], *message, &nearest)});
  if (!nearest.empty()) parsed.explained.insert(nearest);
}

// Notes where each field of a text that was parsed already stands. (ParseInfoTree knows the start
// of `l2: [1, 2]` only, not its elements.)
class PositionWalker {
 public:
  PositionWalker(const std::vector<Token>& tokens, std::map<std::string, Position>& where)
      : tokens_(tokens), where_(where) {}

  void Walk(const pb::Descriptor* type, const std::string& prefix) {
    std::map<std::string, int> count;  // elements so far of each repeated field
    while (Is(pb::io::Tokenizer::TYPE_IDENTIFIER)) {
      const std::string name = tokens_[at_].text;
      const Position start = Here();
      ++at_;
      const pb::FieldDescriptor* field = type == nullptr ? nullptr : type->FindFieldByName(name);
      where_.emplace(prefix + name, start);
      Take(":");
      if (field == nullptr || !field->is_repeated()) {
        Value(field, prefix + name);
      } else if (Take("[")) {
        while (at_ < tokens_.size() && !Take("]")) Element(field, prefix + name, Here(), count);
      } else {
        Element(field, prefix + name, start, count);
      }
      while (Take(";") || Take(",")) {
      }
    }
  }

 private:
  bool Is(pb::io::Tokenizer::TokenType type) const {
    return at_ < tokens_.size() && tokens_[at_].type == type;
  }
  bool Take(const char* text) {
    if (at_ >= tokens_.size() || tokens_[at_].text != text) return false;
    ++at_;
    return true;
  }
  Position Here() const { return {tokens_[at_].line + 1, tokens_[at_].column + 1}; }

  void Element(const pb::FieldDescriptor* field, const std::string& path, Position start,
               std::map<std::string, int>& count) {
    const std::string element = absl::StrCat(path, "[", count[path]++, "]");
    where_.emplace(element, start);
    Value(field, element);
    Take(",");
  }

  void Value(const pb::FieldDescriptor* field, const std::string& path) {
    if (Take("{") || Take("<")) {
      Walk(field == nullptr ? nullptr : field->message_type(), path + ".");
      if (!Take("}")) Take(">");
    } else if (Take("[")) {  // of an unknown field
      while (at_ < tokens_.size() && !Take("]")) Value(nullptr, path), Take(",");
    } else {
      Take("-");
      const bool string = Is(pb::io::Tokenizer::TYPE_STRING);
      ++at_;
      while (string && Is(pb::io::Tokenizer::TYPE_STRING)) ++at_;  // "one " "text"
    }
  }

  const std::vector<Token>& tokens_;
  std::map<std::string, Position>& where_;
  size_t at_ = 0;
};

// One run over `text`. Returns the error it stopped at.
std::optional<Collector::Entry> ParseOnce(const std::string& text, pb::Message& message,
                                          ParsedText& parsed) {
  Collector collector;
  pb::TextFormat::Parser parser;
  parser.AllowUnknownField(true);
  parser.RecordErrorsTo(&collector);
  message.Clear();
  if (!parser.ParseFromString(text, &message)) {
    if (!collector.errors.empty()) return collector.errors.front();
    return Collector::Entry{0, 0, "the file is not in protobuf's text format"};
  }
  const std::vector<Token> tokens = Tokenize(text);
  for (const Collector::Entry& warning : collector.warnings) {
    AddUnknownField(warning, tokens, parsed);
  }
  PositionWalker(tokens, parsed.where).Walk(message.GetDescriptor(), "");
  return std::nullopt;
}

}  // namespace

std::string UnknownFieldMessage(absl::string_view field, const pb::Descriptor& message,
                                std::string* nearest) {
  std::vector<std::string> names;
  for (int f = 0; f < message.field_count(); ++f) names.push_back(message.field(f)->name());
  *nearest = population::NearestName(field, names);
  const std::string what = absl::StrCat("unknown field \"", field, "\" in ", message.name());
  if (!nearest->empty()) return absl::StrCat(what, ": did you mean ", *nearest, "?");
  if (names.empty()) return absl::StrCat(what, ": it has no fields, leave it empty");
  return absl::StrCat(what, ": its fields are ", absl::StrJoin(names, ", "));
}

void ParseText(absl::string_view source, pb::Message& message, ParsedText& parsed) {
  std::string text(source);
  const std::vector<Token> all = Tokenize(text);
  if (const Token* deep = FindTooDeep(all); deep != nullptr) {
    parsed.errors.push_back({{deep->line + 1, deep->column + 1},
                             absl::StrCat("more than ", kMaxDepth,
                                          " messages or lists inside each other are too many; the "
                                          "rest was not read")});
    parsed.complete = false;
    return;
  }
  for (int round = 0; round <= kMaxRecoveries; ++round) {
    const std::optional<Collector::Entry> error = ParseOnce(text, message, parsed);
    if (!error.has_value()) return;
    const Position at{error->line + 1, error->column + 1};
    const std::vector<Token> tokens = Tokenize(text);
    const int name = FieldNameBefore(tokens, IndexAt(tokens, error->line, error->column));
    if (name < 0 || !ConcernsOneField(error->message)) {
      const bool at_end = absl::EndsWith(error->message, "got: ");
      parsed.errors.push_back({at, absl::StrCat(error->message, at_end ? "the end of the file" : "",
                                                "; the rest was not read")});
      parsed.complete = false;
      return;
    }
    // Read again as if the field were not there, so that all errors are found in one go.
    const std::string field = tokens[name].text;
    const bool twice = absl::StartsWith(error->message, "Non-repeated") ||
                       absl::StartsWith(error->message, "Field \"");
    // The parser notices a wrong word for true or false only behind it.
    const bool behind = absl::StartsWith(error->message, "Invalid value for boolean");
    parsed.errors.push_back(
        {twice || behind ? Position{tokens[name].line + 1, tokens[name].column + 1} : at,
         Plainly(error->message, field)});
    parsed.explained.insert(field);
    text.replace(OffsetOf(text, tokens[name].line, tokens[name].column), field.size(),
                 std::string(field.size(), kBlank));
  }
  parsed.complete = false;
}

ParsedSweep ParseSweepText(absl::string_view text) {
  ParsedSweep parsed;
  ParseText(text, parsed.spec, parsed);
  return parsed;
}

}  // namespace rnnfarm::client
