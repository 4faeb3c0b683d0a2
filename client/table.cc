#include "client/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/logging.h"

namespace rnnfarm::client {
namespace {

bool IsNumber(const Value& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
}

// Columns of the terminal that UTF-8 text takes, one a code point.
size_t DisplayWidth(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string Pad(const std::string& text, size_t width, bool right) {
  const size_t shown = DisplayWidth(text);
  const std::string space(width > shown ? width - shown : 0, ' ');
  return right ? space + text : text + space;
}

const char* StateColour(const std::string& word) {
  static const std::vector<std::pair<const char*, std::vector<std::string>>> kColours = {
      {"\033[32m", {"succeeded", "trained", "analyzed", "active"}},
      {"\033[31m", {"failed", "quarantined", "lost"}},
      {"\033[33m", {"diverged", "cancelled", "paused", "held", "draining"}},
      {"\033[36m", {"leased", "running"}}};
  for (const auto& [colour, words] : kColours) {
    if (std::find(words.begin(), words.end(), word) != words.end()) return colour;
  }
  return nullptr;
}

std::string JsonObject(const std::vector<Column>& columns, const std::vector<Value>& row) {
  std::string out = "{";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ", ";
    absl::StrAppend(&out, "\"", base::JsonEscaped(columns[i].name), "\": ", JsonOf(row[i]));
  }
  return out + "}";
}

}  // namespace

absl::StatusOr<Format> ParseFormat(absl::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "wide") return Format::kWide;
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonLines;
  if (name == "csv") return Format::kCsv;
  if (name == "name") return Format::kName;
  return absl::InvalidArgumentError(
      absl::StrCat("unknown format \"", name, "\": use table, wide, json, jsonl, csv or name"));
}

std::string ShortestNumber(double value) { return fmt::format("{}", value); }

std::string ValueText(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty() ? "-" : *text;
  if (const auto* whole = std::get_if<int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.6g}", *real);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  return "-";
}

std::string JsonOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return absl::StrCat("\"", base::JsonEscaped(*text), "\"");
  }
  if (const auto* whole = std::get_if<int64_t>(&value)) return fmt::format("{}", *whole);
  // JSON has no NaN and no infinity.
  if (const auto* real = std::get_if<double>(&value)) {
    return std::isfinite(*real) ? ShortestNumber(*real) : "null";
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return "null";
}

std::string CsvOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->find_first_of(",\"\r\n") == std::string::npos) return *text;
    return absl::StrCat("\"", absl::StrReplaceAll(*text, {{"\"", "\"\""}}), "\"");
  }
  if (const auto* real = std::get_if<double>(&value)) return ShortestNumber(*real);
  if (std::holds_alternative<Missing>(value)) return "";
  return JsonOf(value);
}

void Table::AddRow(std::vector<Value> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::RenderText(bool wide, bool colour) const {
  std::string out;
  std::vector<size_t> shown, widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!wide && columns_[i].wide_only) continue;
    size_t width = columns_[i].name.size();
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(ValueText(row[i])));
    shown.push_back(i);
    widths.push_back(width);
  }
  const auto is_right = [this](size_t column) {
    return !rows_.empty() && std::all_of(rows_.begin(), rows_.end(), [&](const auto& row) {
      return IsNumber(row[column]) || std::holds_alternative<Missing>(row[column]);
    });
  };
  const auto end_line = [&out] {
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  for (size_t k = 0; k < shown.size(); ++k) {
    if (k > 0) out += "  ";
    const Column& column = columns_[shown[k]];
    const std::string head = column.is_label ? column.name : absl::AsciiStrToUpper(column.name);
    out += Pad(head, widths[k], is_right(shown[k]));
  }
  end_line();
  for (const auto& row : rows_) {
    for (size_t k = 0; k < shown.size(); ++k) {
      if (k > 0) out += "  ";
      const std::string text = ValueText(row[shown[k]]);
      const char* paint = colour && columns_[shown[k]].is_state ? StateColour(text) : nullptr;
      const std::string cell = Pad(text, widths[k], is_right(shown[k]));
      out += paint != nullptr ? absl::StrCat(paint, cell, "\033[0m") : cell;
    }
    end_line();
  }
  return out;
}

std::string Table::Head(Format format) const {
  if (format == Format::kJson) return "[";
  std::string out;
  if (format != Format::kCsv) return out;
  for (size_t i = 0; i < columns_.size(); ++i) {
    absl::StrAppend(&out, i > 0 ? "," : "", CsvOf(columns_[i].name));
  }
  return out + "\r\n";
}

std::string Table::RowText(Format format, const std::vector<Value>& row, bool first) const {
  if (format == Format::kName) return absl::StrCat(ValueText(row[0]), "\n");
  if (format == Format::kJsonLines) return absl::StrCat(JsonObject(columns_, row), "\n");
  if (format == Format::kJson) {
    return absl::StrCat(first ? "\n " : ",\n ", JsonObject(columns_, row));
  }
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) absl::StrAppend(&out, i > 0 ? "," : "", CsvOf(row[i]));
  return out + "\r\n";
}

std::string Table::Tail(Format format, bool any) const {
  if (format != Format::kJson) return "";
  return any ? "\n]\n" : "]\n";
}

std::string Table::Render(Format format, bool colour) const {
  if (!Streams(format)) return RenderText(format == Format::kWide, colour);
  std::string out = Head(format);
  for (size_t i = 0; i < rows_.size(); ++i) out += RowText(format, rows_[i], i == 0);
  return out + Tail(format, !rows_.empty());
}

std::string Table::RenderMore(Format format) {
  std::string out = rendered_ == 0 && !rows_.empty() ? Head(format) : "";
  for (const auto& row : rows_) out += RowText(format, row, rendered_++ == 0);
  rows_.clear();
  return out;
}

std::string Table::RenderEnd(Format format) {
  const bool any = rendered_ > 0 || !rows_.empty();
  return absl::StrCat(RenderMore(format), any ? "" : Head(format), Tail(format, any));
}

}  // namespace rnnfarm::client
