// The report: one self-contained HTML file from a folder of results (docs: what a user gets).
#ifndef RNNFARM_ANALYSIS_FIGURES_REPORT_H_
#define RNNFARM_ANALYSIS_FIGURES_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rnnfarm::figures {

// Of a sweep that goes on: how far it is.
struct LiveState {
  std::vector<std::string> lines;  // empty: the page says nothing of progress
  int reload_seconds = 0;          // the page loads itself again after so long; 0: never
};

// Reads `results_dir` (as `pull` leaves it) and returns the page. NOT_FOUND names the missing file.
absl::StatusOr<std::string> RenderReport(const std::string& results_dir,
                                         const LiveState& live = {});

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_REPORT_H_
