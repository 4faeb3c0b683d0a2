// What comes with results in Python: rnnfarm_cells.py, the cells in NumPy, and figures.py, which
// draws the figures by matplotlib.
#ifndef RNNFARM_CLIENT_PYTHON_SCRIPTS_H_
#define RNNFARM_CLIENT_PYTHON_SCRIPTS_H_

#include "absl/strings/string_view.h"

namespace rnnfarm::client {

absl::string_view CellsScript();
absl::string_view FiguresScript();

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_PYTHON_SCRIPTS_H_
