// Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line breaks and
// doubled quotes.
#ifndef RNNFARM_ANALYSIS_FIGURES_COMMA_SEPARATED_H_
#define RNNFARM_ANALYSIS_FIGURES_COMMA_SEPARATED_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace rnnfarm::figures {

struct Table {
  std::vector<std::string> columns;            // the first record
  std::vector<std::vector<std::string>> rows;  // each as long as `columns`

  // Index of a column, or -1.
  int Column(absl::string_view name) const;
  // The cell, or "" where the table has no such column.
  absl::string_view Cell(size_t row, absl::string_view column) const;
};

// INVALID_ARGUMENT with source and record number for a quote that is never closed or a record of
// another length than the first.
absl::StatusOr<Table> ParseTable(absl::string_view text, absl::string_view source);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_COMMA_SEPARATED_H_
