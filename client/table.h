// A listing in the format that the user asks for with -o.
//
//   Table table({{"name"}, {"units"}, {"reason", /*wide_only=*/true}});
//   table.AddRow({"gru-tanh", int64_t{64}, Missing()});
//   out << table.Render(Format::kCsv);
#ifndef RNNFARM_CLIENT_TABLE_H_
#define RNNFARM_CLIENT_TABLE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/text_width.h"

namespace rnnfarm::client {

enum class Format { kTable, kWide, kJson, kJsonLines, kCsv, kName };

// "table", "wide", "json", "jsonl", "csv", "name"; INVALID_ARGUMENT lists them.
absl::StatusOr<Format> ParseFormat(absl::string_view name);

// No value: "-" in a table, null in JSON, empty in CSV.
using Missing = std::monostate;
using Value = std::variant<Missing, std::string, int64_t, double, bool>;

struct Column {
  std::string name;
  bool wide_only = false;  // left out of kTable
  bool is_state = false;   // coloured by its word on a terminal
  bool is_label = false;   // the name is data and shown as it is
  bool gives_way = false;  // left out, not shortened, where a terminal is too narrow
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // One value a column.
  void AddRow(std::vector<Value> row);
  size_t size() const { return rows_.size(); }
  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<std::vector<Value>>& rows() const { return rows_; }
  // Ends with a newline unless empty. Tables align columns, numbers to the right; kName is the
  // first column; kJson an array of objects; kCsv has a header and lines as Unix ends them. kTable
  // has no line of more than `width` columns: long text is shortened, and what has no room left
  // out.
  std::string Render(Format format, bool colour = false, size_t width = std::string::npos) const;
  // Names of the columns for which kTable has no room.
  std::vector<std::string> LeftOut(size_t width) const;

  // The same in parts, for rows that come page by page: what was rendered is forgotten. Only where
  // no row's width depends on the others.
  static bool Streams(Format format) { return format != Format::kTable && format != Format::kWide; }
  std::string RenderMore(Format format);
  std::string RenderEnd(Format format);

 private:
  std::string Head(size_t column) const;
  ColumnNeed NeedOf(size_t column) const;
  // Or of nothing, for want of values.
  bool IsOfNumbers(size_t column) const;
  ColumnFit Fit(bool wide, size_t width) const;
  std::string RenderText(bool wide, bool colour, size_t width) const;
  std::string Opening(Format format) const;
  std::string RowText(Format format, const std::vector<Value>& row, bool first) const;
  std::string Closing(Format format, bool any) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Value>> rows_;
  size_t rendered_ = 0;  // rows forgotten
};

// As in a table: numbers with at most 6 significant digits.
std::string ValueText(const Value& value);
// Numbers with as many digits as bring the same number back.
std::string JsonOf(const Value& value);
// One field of a comma-separated file (RFC 4180): quoted where it holds a comma, a quote or a line
// break.
std::string CsvOf(const Value& value);
// The shortest text that reads back as the same number.
std::string ShortestNumber(double value);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_TABLE_H_
