#include "analysis/figures/comma_separated.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace rnnfarm::figures {
namespace {

// Takes one field and what ends it off `text`; false if a quote is never closed.
bool TakeField(absl::string_view& text, std::string& field, bool& ends_record) {
  size_t at = 0;
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        field += c;
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      break;
    } else if (c != '\r') {
      field += c;
    }
  }
  ends_record = at >= text.size() || text[at] == '\n';
  text.remove_prefix(at < text.size() ? at + 1 : at);
  return !quoted;
}

}  // namespace

int Table::Column(absl::string_view name) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == name) return static_cast<int>(i);
  }
  return -1;
}

absl::string_view Table::Cell(size_t row, absl::string_view column) const {
  const int at = Column(column);
  return at < 0 ? absl::string_view() : absl::string_view(rows[row][at]);
}

absl::StatusOr<Table> ParseTable(absl::string_view text, absl::string_view source) {
  Table table;
  size_t number = 0;
  while (!text.empty()) {
    std::vector<std::string> record;
    ++number;
    for (bool ends_record = false; !ends_record;) {
      record.emplace_back();
      if (!TakeField(text, record.back(), ends_record)) {
        return absl::InvalidArgumentError(
            absl::StrCat(source, ": record ", number, " opens a quote that is never closed"));
      }
    }
    if (record.size() == 1 && record[0].empty()) continue;  // an empty line
    if (number == 1) {
      table.columns = std::move(record);
    } else if (record.size() != table.columns.size()) {
      return absl::InvalidArgumentError(absl::StrCat(source, ": record ", number, " has ",
                                                     record.size(), " fields, the first has ",
                                                     table.columns.size()));
    } else {
      table.rows.push_back(std::move(record));
    }
  }
  return table;
}

}  // namespace rnnfarm::figures
