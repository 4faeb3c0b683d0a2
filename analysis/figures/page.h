// Puts figures and tables together to one HTML file that asks nothing of any network.
#ifndef RNNFARM_ANALYSIS_FIGURES_PAGE_H_
#define RNNFARM_ANALYSIS_FIGURES_PAGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analysis/figures/panel.h"
#include "analysis/figures/report.h"
#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {

struct TaskSection {
  std::string task;
  std::vector<Panel> panels;
  std::string statistics;  // the text of statistics.json; empty if the folder has none
};

std::string ComposePage(const ResultsFolder& folder, const std::vector<TaskSection>& sections,
                        const LiveState& live);

// Text as it may stand between tags and in quoted attributes.
std::string EscapeHtml(absl::string_view text);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_PAGE_H_
