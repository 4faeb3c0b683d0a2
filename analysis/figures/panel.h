// One figure of the page: what is drawn, from which file, and how to draw it again in Python.
#ifndef RNNFARM_ANALYSIS_FIGURES_PANEL_H_
#define RNNFARM_ANALYSIS_FIGURES_PANEL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {

struct Panel {
  std::string id;     // unique in the page: letters, digits and dashes
  std::string kind;   // which function of drawing.js draws it
  std::string label;  // the paper's, such as "1c"; may be empty
  std::string title, caption;
  std::string data;     // JSON for drawing.js; empty: nothing is drawn
  std::string missing;  // the sentence that stands in place of a drawing
  std::vector<std::string> notes;
  std::string file;    // where the numbers are, relative to the folder
  std::string python;  // lines that redraw it
  int columns = 3;     // of the page's six
  int scenes = 0;      // WebGL contexts that it takes
};

// Browsers keep at most 16 WebGL contexts alive in a page and silently drop the oldest.
inline constexpr int kMaxScenes = 14;

// Where a task's panels go: its place gives ids, its kind the paper's labels.
struct TaskPlace {
  std::string task;
  int number = 0;    // from 0, in the order of the page
  std::string kind;  // as ResultsFolder::KindOf
  // Scenes that are still free when this task's turn comes.
  int free_scenes = kMaxScenes;

  std::string Id(absl::string_view name) const;
  // The panel's label in the paper, or "": `flip_flop`, `sine_wave`, `context_integration` are the
  // letters in figures 1, 2 and 3.
  std::string Label(absl::string_view flip_flop, absl::string_view sine_wave,
                    absl::string_view context_integration) const;
};

// Text as a Python literal.
std::string PythonString(absl::string_view text);

// The order of the paper's figures; names that it has not come after them.
int ArchitectureRank(absl::string_view architecture);
int ActivationRank(absl::string_view activation);
// Whether `a` stands before `b` in ordered figures: by architecture, activation, control, units,
// l2, seed.
bool StandsBefore(const Network& a, const Network& b);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_PANEL_H_
