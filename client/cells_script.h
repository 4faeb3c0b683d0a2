// rnnfarm_cells.py, the cells in NumPy, as it comes with results.
#ifndef RNNFARM_CLIENT_CELLS_SCRIPT_H_
#define RNNFARM_CLIENT_CELLS_SCRIPT_H_

#include "absl/strings/string_view.h"

namespace rnnfarm::client {

absl::string_view CellsScript();

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_CELLS_SCRIPT_H_
