#include "analysis/figures/sweep_text.h"

#include <utility>

#include "absl/strings/ascii.h"

namespace rnnfarm::figures {
namespace {

struct Token {
  enum Kind { kEnd, kWord, kText, kOpen, kClose, kOther } kind = kEnd;
  std::string text;
};

size_t SkipBlanks(absl::string_view in, size_t at) {
  while (at < in.size() && (absl::ascii_isspace(in[at]) || in[at] == '#')) {
    if (in[at] == '#') {
      while (at < in.size() && in[at] != '\n') ++at;
    } else {
      ++at;
    }
  }
  return at;
}

Token Next(absl::string_view& in) {
  size_t at = SkipBlanks(in, 0);
  in.remove_prefix(at);
  if (in.empty()) return {};
  Token token;
  const char c = in[0];
  at = 1;
  if (c == '"' || c == '\'') {
    token.kind = Token::kText;
    for (; at < in.size() && in[at] != c; ++at) {
      if (in[at] == '\\' && at + 1 < in.size()) ++at;
      token.text += in[at];
    }
    if (at < in.size()) ++at;
  } else if (absl::ascii_isalnum(c) || c == '_') {
    token.kind = Token::kWord;
    while (at < in.size() && (absl::ascii_isalnum(in[at]) || in[at] == '_')) ++at;
    token.text = std::string(in.substr(0, at));
  } else {
    token.kind = c == '{' || c == '<'   ? Token::kOpen
                 : c == '}' || c == '>' ? Token::kClose
                                        : Token::kOther;
  }
  in.remove_prefix(at);
  return token;
}

}  // namespace

SweepText ScanSweep(absl::string_view in) {
  SweepText sweep;
  int depth = 0;
  bool in_task = false;
  std::string field, task_name, task_kind;
  for (Token token = Next(in); token.kind != Token::kEnd; token = Next(in)) {
    if (token.kind == Token::kWord) {
      field = token.text;
    } else if (token.kind == Token::kText && field == "name") {
      if (depth == 0) sweep.name = token.text;
      if (depth == 1 && in_task) task_name = token.text;
    } else if (token.kind == Token::kOpen) {
      if (depth == 0) in_task = field == "task";
      if (depth == 1 && in_task) task_kind = field;
      ++depth;
    } else if (token.kind == Token::kClose && --depth == 0 && in_task) {
      sweep.kind[std::exchange(task_name, "")] = std::exchange(task_kind, "");
      in_task = false;
    }
  }
  return sweep;
}

}  // namespace rnnfarm::figures
