// The report: one self-contained HTML file from a folder of results (docs: what a user gets).
#ifndef RNNFARM_ANALYSIS_FIGURES_REPORT_H_
#define RNNFARM_ANALYSIS_FIGURES_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rnnfarm::figures {

// Reads `results_dir` (as `pull` leaves it) and returns the page. NOT_FOUND names the missing file.
absl::StatusOr<std::string> RenderReport(const std::string& results_dir);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_REPORT_H_
