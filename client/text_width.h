// Text for a terminal of so many columns: nothing is left for the terminal to break.
#ifndef RNNFARM_CLIENT_TEXT_WIDTH_H_
#define RNNFARM_CLIENT_TEXT_WIDTH_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rnnfarm::client {

// Columns that UTF-8 text takes, one a code point.
size_t DisplayWidth(absl::string_view text);

// The text with a blank in place of every control character but, with `lines`, the end of a line:
// what a worker or a file says must not move the cursor or change colours.
std::string Visible(absl::string_view bytes, bool lines);

// At most `width` columns (at least 3). Names keep both ends, as that is where they differ;
// sentences keep their beginning. What is left out is "..".
std::string Shortened(absl::string_view text, size_t width);

// The lines of `text`, each broken at blanks into lines of at most `width` columns; those after
// the first begin with `indent` blanks. A `command` between backquotes can be copied: it stays in
// one line, or ends each of its lines as a shell wants it; what has no blank is not broken. Width 0
// breaks nothing.
std::string Wrapped(absl::string_view text, size_t width, size_t indent = 0);

// Which columns of a table a terminal has room for.
struct ColumnNeed {
  size_t width = 0;        // of the longest cell
  size_t least = 0;        // it may be shortened to this
  bool gives_way = false;  // left out before others are shortened below `least`
};
struct ColumnFit {
  std::vector<size_t> shown;   // positions, in order
  std::vector<size_t> widths;  // of those
  std::vector<size_t> left_out;
};
// With `gap` blanks between columns. Columns that give way are left out from the right until the
// others have their least width; then the widest are shortened. The first column always stays.
ColumnFit FitColumns(const std::vector<ColumnNeed>& columns, size_t gap, size_t width);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_TEXT_WIDTH_H_
