#include "client/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/logging.h"
#include "client/text_width.h"

namespace rnnfarm::client {
namespace {

bool IsNumber(const Value& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
}

constexpr size_t kGap = 2;  // blanks between columns
// Text is shortened to no less, unless a column is alone.
constexpr size_t kLeastText = 10;

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
  if (const auto* text = std::get_if<std::string>(&value)) {
    return text->empty() ? "-" : Visible(*text, /*lines=*/false);
  }
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

std::string Table::Head(size_t column) const {
  const Column& shown = columns_[column];
  return shown.is_label ? shown.name : absl::AsciiStrToUpper(shown.name);
}

ColumnNeed Table::NeedOf(size_t column) const {
  ColumnNeed need;
  need.width = DisplayWidth(columns_[column].name);
  bool empty = true, text = false;
  for (const auto& row : rows_) {
    const std::string cell = ValueText(row[column]);
    need.width = std::max(need.width, DisplayWidth(cell));
    empty = empty && cell == "-";
    text = text || std::holds_alternative<std::string>(row[column]);
  }
  need.gives_way = columns_[column].gives_way || (empty && !rows_.empty());
  const bool whole = !text || need.gives_way || columns_[column].is_state;
  need.least = whole ? need.width : std::max(kLeastText, DisplayWidth(columns_[column].name));
  return need;
}

ColumnFit Table::Fit(bool wide, size_t width) const {
  std::vector<size_t> columns;
  std::vector<ColumnNeed> needs;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!wide && columns_[i].wide_only) continue;
    columns.push_back(i);
    needs.push_back(NeedOf(i));
  }
  ColumnFit fit = FitColumns(needs, kGap, wide ? std::string::npos : width);
  for (size_t& i : fit.shown) i = columns[i];
  for (size_t& i : fit.left_out) i = columns[i];
  return fit;
}

bool Table::IsOfNumbers(size_t column) const {
  return !rows_.empty() && std::all_of(rows_.begin(), rows_.end(), [column](const auto& row) {
    return IsNumber(row[column]) || std::holds_alternative<Missing>(row[column]);
  });
}

std::string Table::RenderText(bool wide, bool colour, size_t width) const {
  std::string out;
  const ColumnFit fit = Fit(wide, width);
  std::vector<bool> right;
  for (const size_t column : fit.shown) right.push_back(IsOfNumbers(column));
  const auto end_line = [&out] {
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  for (size_t k = 0; k < fit.shown.size(); ++k) {
    if (k > 0) out += std::string(kGap, ' ');
    const std::string head = Shortened(Head(fit.shown[k]), fit.widths[k]);
    out += Pad(head, fit.widths[k], right[k]);
  }
  end_line();
  for (const auto& row : rows_) {
    for (size_t k = 0; k < fit.shown.size(); ++k) {
      if (k > 0) out += std::string(kGap, ' ');
      const std::string text = ValueText(row[fit.shown[k]]);
      const char* paint = colour && columns_[fit.shown[k]].is_state ? StateColour(text) : nullptr;
      const std::string cell = Pad(Shortened(text, fit.widths[k]), fit.widths[k], right[k]);
      out += paint != nullptr ? absl::StrCat(paint, cell, "\033[0m") : cell;
    }
    end_line();
  }
  return out;
}

std::vector<std::string> Table::LeftOut(size_t width) const {
  std::vector<std::string> names;
  for (const size_t i : Fit(/*wide=*/false, width).left_out) names.push_back(columns_[i].name);
  return names;
}

std::string Table::Opening(Format format) const {
  if (format == Format::kJson) return "[";
  std::string out;
  if (format != Format::kCsv) return out;
  for (size_t i = 0; i < columns_.size(); ++i) {
    absl::StrAppend(&out, i > 0 ? "," : "", CsvOf(columns_[i].name));
  }
  return out + "\n";
}

std::string Table::RowText(Format format, const std::vector<Value>& row, bool first) const {
  if (format == Format::kName) return absl::StrCat(ValueText(row[0]), "\n");
  if (format == Format::kJsonLines) return absl::StrCat(JsonObject(columns_, row), "\n");
  if (format == Format::kJson) {
    return absl::StrCat(first ? "\n " : ",\n ", JsonObject(columns_, row));
  }
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) absl::StrAppend(&out, i > 0 ? "," : "", CsvOf(row[i]));
  return out + "\n";
}

std::string Table::Closing(Format format, bool any) const {
  if (format != Format::kJson) return "";
  return any ? "\n]\n" : "]\n";
}

std::string Table::Render(Format format, bool colour, size_t width) const {
  if (!Streams(format)) return RenderText(format == Format::kWide, colour, width);
  std::string out = Opening(format);
  for (size_t i = 0; i < rows_.size(); ++i) out += RowText(format, rows_[i], i == 0);
  return out + Closing(format, !rows_.empty());
}

std::string Table::RenderMore(Format format) {
  std::string out = rendered_ == 0 && !rows_.empty() ? Opening(format) : "";
  for (const auto& row : rows_) out += RowText(format, row, rendered_++ == 0);
  rows_.clear();
  return out;
}

std::string Table::RenderEnd(Format format) {
  const bool any = rendered_ > 0 || !rows_.empty();
  return absl::StrCat(RenderMore(format), any ? "" : Opening(format), Closing(format, any));
}

}  // namespace rnnfarm::client
