// The two things that the report takes from sweep.textproto: the sweep's name and what kind each
// task is of. The file is scanned, not validated: the farm did that before anything ran.
#ifndef RNNFARM_ANALYSIS_FIGURES_SWEEP_TEXT_H_
#define RNNFARM_ANALYSIS_FIGURES_SWEEP_TEXT_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace rnnfarm::figures {

struct SweepText {
  std::string name;                         // empty if the file names none
  std::map<std::string, std::string> kind;  // task name to "flip_flop", "sine_wave", …
};

SweepText ScanSweep(absl::string_view textproto);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_SWEEP_TEXT_H_
