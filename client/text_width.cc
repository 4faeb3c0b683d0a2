#include "client/text_width.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/utf8.h"

namespace rnnfarm::client {
namespace {

constexpr absl::string_view kLeftOut = "..";

bool IsContinuation(char byte) { return (byte & 0xC0) == 0x80; }

// The first or last `columns` code points.
absl::string_view Head(absl::string_view text, size_t columns) {
  size_t end = 0;
  while (end < text.size() && (IsContinuation(text[end]) || columns-- > 0)) ++end;
  return text.substr(0, end);
}

absl::string_view Tail(absl::string_view text, size_t columns) {
  size_t start = text.size();
  while (start > 0 && columns > 0) {
    --start;
    if (!IsContinuation(text[start])) --columns;
  }
  return text.substr(start);
}

// Words with the blanks that precede them; what stands between backquotes is part of one word.
std::vector<absl::string_view> Words(absl::string_view line) {
  std::vector<absl::string_view> words;
  size_t at = 0;
  while (at < line.size()) {
    size_t end = std::min(line.find_first_not_of(' ', at), line.size());
    for (bool quoted = false; end < line.size() && (quoted || line[end] != ' '); ++end) {
      if (line[end] != '`') continue;
      quoted = !quoted && line.find('`', end + 1) != absl::string_view::npos;
    }
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// A command longer than a line, broken at blanks into lines that a shell takes as one.
std::string BrokenCommand(absl::string_view command, size_t width, size_t indent) {
  constexpr size_t kBreak = 2;  // of " \\"
  std::string out;
  size_t column = indent;
  for (const absl::string_view word : absl::StrSplit(command, ' ')) {
    const size_t length = DisplayWidth(word);
    const bool fits = column + 1 + length + kBreak <= width;
    if (!out.empty()) {
      absl::StrAppend(&out, fits ? " " : " \\\n", std::string(fits ? 0 : indent, ' '));
    }
    column = (out.empty() || !fits ? indent : column + 1) + length;
    absl::StrAppend(&out, word);
  }
  return out;
}

std::string WrappedLine(absl::string_view line, size_t width, size_t indent) {
  if (DisplayWidth(line) <= width) return std::string(line);
  std::string out;
  size_t column = 0;
  for (absl::string_view word : Words(line)) {
    if (column > 0 && column + DisplayWidth(word) > width) {
      word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
      absl::StrAppend(&out, "\n", std::string(indent, ' '));
      column = indent;
    }
    const bool first = column <= indent;
    if (first && word[0] == '`' && indent + DisplayWidth(word) > width) {
      const std::string broken = BrokenCommand(word, width, indent);
      absl::StrAppend(&out, broken);
      column = DisplayWidth(broken.substr(broken.rfind('\n') + 1));
      continue;
    }
    absl::StrAppend(&out, word);
    column += DisplayWidth(word);
  }
  return out;
}

size_t Total(const std::vector<size_t>& widths, size_t gap) {
  size_t total = widths.empty() ? 0 : gap * (widths.size() - 1);
  for (const size_t width : widths) total += width;
  return total;
}

// The position in `shown` of the column that is the next to go.
size_t NextToGo(const std::vector<ColumnNeed>& columns, const std::vector<size_t>& shown) {
  for (size_t k = shown.size() - 1; k > 0; --k) {
    if (columns[shown[k]].gives_way) return k;
  }
  return shown.size() - 1;
}

}  // namespace

size_t DisplayWidth(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); });
}

std::string Visible(absl::string_view bytes, bool lines) {
  const std::string text = base::AsUtf8(bytes);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = text[i];
    // U+0080 to U+009F are control characters too.
    const bool wide = c == 0xC2 && i + 1 < text.size() && (text[i + 1] & 0xE0) == 0x80;
    const bool control = (c < 0x20 || c == 0x7F || wide) && !(lines && c == '\n');
    out += control ? ' ' : text[i];
    i += wide ? 1 : 0;
  }
  return out;
}

std::string Shortened(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const size_t kept = width > kLeftOut.size() ? width - kLeftOut.size() : 1;
  const size_t tail = text.find(' ') == absl::string_view::npos ? kept / 2 : 0;
  return absl::StrCat(Head(text, kept - tail), kLeftOut, Tail(text, tail));
}

std::string Wrapped(absl::string_view text, size_t width, size_t indent) {
  if (width == 0) return std::string(text);
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.push_back(WrappedLine(line, width, indent));
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) absl::StrAppend(&out, i > 0 ? "\n" : "", lines[i]);
  return out;
}

ColumnFit FitColumns(const std::vector<ColumnNeed>& columns, size_t gap, size_t width) {
  ColumnFit fit;
  std::vector<size_t> least;
  for (size_t i = 0; i < columns.size(); ++i) {
    fit.shown.push_back(i);
    least.push_back(std::min(columns[i].least, columns[i].width));
  }
  // The first names the row: for half of a line's width of it, what gives way goes.
  const size_t short_name = least.empty() ? 0 : least[0];
  if (!least.empty()) least[0] = std::max(least[0], std::min(columns[0].width, width / 2));
  while (fit.shown.size() > 1 && Total(least, gap) > width) {
    const size_t k = NextToGo(columns, fit.shown);
    if (!columns[fit.shown[k]].gives_way && least[0] > short_name) {
      least[0] = short_name;
      continue;
    }
    fit.left_out.insert(fit.left_out.begin(), fit.shown[k]);
    fit.shown.erase(fit.shown.begin() + k);
    least.erase(least.begin() + k);
  }
  for (const size_t i : fit.shown) fit.widths.push_back(columns[i].width);
  for (size_t total = Total(fit.widths, gap); total > width; --total) {
    size_t widest = 0, most = 0;
    for (size_t k = 0; k < fit.widths.size(); ++k) {
      const bool may_shrink = fit.widths[k] > least[k] || fit.widths.size() == 1;
      if (may_shrink && fit.widths[k] > most) widest = k, most = fit.widths[k];
    }
    if (most <= kLeftOut.size() + 1) break;
    --fit.widths[widest];
  }
  std::sort(fit.left_out.begin(), fit.left_out.end());
  return fit;
}

}  // namespace rnnfarm::client
