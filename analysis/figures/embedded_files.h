// The files that the page is made of, kept in the program itself (embedded.S).
#ifndef RNNFARM_ANALYSIS_FIGURES_EMBEDDED_FILES_H_
#define RNNFARM_ANALYSIS_FIGURES_EMBEDDED_FILES_H_

#include "absl/strings/string_view.h"

extern "C" {
extern const char rnnfarm_figures_plotly_begin[], rnnfarm_figures_plotly_end[];
extern const char rnnfarm_figures_page_html_begin[], rnnfarm_figures_page_html_end[];
extern const char rnnfarm_figures_page_css_begin[], rnnfarm_figures_page_css_end[];
extern const char rnnfarm_figures_page_js_begin[], rnnfarm_figures_page_js_end[];
extern const char rnnfarm_figures_drawing_js_begin[], rnnfarm_figures_drawing_js_end[];
}

namespace rnnfarm::figures {

inline absl::string_view Embedded(const char* begin, const char* end) {
  return absl::string_view(begin, static_cast<size_t>(end - begin));
}

// Plotly.js with the traces that the report uses (analysis/figures/plotly).
inline absl::string_view PlotlyScript() {
  return Embedded(rnnfarm_figures_plotly_begin, rnnfarm_figures_plotly_end);
}
inline absl::string_view PageTemplate() {
  return Embedded(rnnfarm_figures_page_html_begin, rnnfarm_figures_page_html_end);
}
inline absl::string_view PageStyle() {
  return Embedded(rnnfarm_figures_page_css_begin, rnnfarm_figures_page_css_end);
}
// From a panel's data to Plotly's traces.
inline absl::string_view DrawingScript() {
  return Embedded(rnnfarm_figures_drawing_js_begin, rnnfarm_figures_drawing_js_end);
}
// Draws every panel, fills the tables, answers clicks.
inline absl::string_view PageScript() {
  return Embedded(rnnfarm_figures_page_js_begin, rnnfarm_figures_page_js_end);
}

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_EMBEDDED_FILES_H_
