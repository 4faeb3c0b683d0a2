#include "analysis/figures/page.h"

#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "analysis/figures/certificates.h"
#include "analysis/figures/embedded_files.h"
#include "analysis/figures/json_text.h"
#include "base/digest.h"

namespace rnnfarm::figures {
namespace {

constexpr absl::string_view kUnknown = "<span class=\"unknown\">unknown</span>";

// Scripts are named by digest, so that no other one runs, whatever a name in the results holds.
// Plotly sets styles on elements and exports drawings through data: and blob: images.
std::string ContentPolicy(const std::vector<absl::string_view>& scripts) {
  std::string sources;
  for (const absl::string_view script : scripts) {
    absl::StrAppend(&sources, " 'sha256-",
                    absl::Base64Escape(absl::HexStringToBytes(base::DigestOf(script))), "'");
  }
  return absl::StrCat("default-src 'none'; script-src", sources,
                      "; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
                      "form-action 'none'");
}

std::string Known(absl::string_view text, absl::string_view open, absl::string_view close) {
  return text.empty() ? std::string(kUnknown) : absl::StrCat(open, EscapeHtml(text), close);
}

struct Counts {
  int networks = 0, controls = 0, compared = 0, failed = 0;

  void Add(const Network& n) {
    ++networks;
    controls += n.untrained;
    compared += n.included;
    failed += n.failed();
  }
  std::string Cells() const {
    return absl::StrCat("<td>", networks, "</td><td>", controls, "</td><td>", compared, "</td><td>",
                        failed, "</td>");
  }
};

std::string CountsHtml(const ResultsFolder& folder) {
  std::map<std::string, Counts> by_task;
  Counts total;
  for (const Network& n : folder.networks()) {
    by_task[n.task].Add(n);
    total.Add(n);
  }
  std::string html =
      "<table class=\"counts\"><thead><tr><th scope=\"col\">Task</th><th "
      "scope=\"col\">Networks</th><th scope=\"col\">of them untrained controls</th><th "
      "scope=\"col\">In the comparison</th><th scope=\"col\">Failed</th></tr></thead><tbody>";
  for (const std::string& task : folder.tasks()) {
    absl::StrAppend(&html, "<tr><th scope=\"row\">", EscapeHtml(task), "</th>",
                    by_task[task].Cells(), "</tr>");
  }
  absl::StrAppend(&html, "</tbody><tfoot><tr><th scope=\"row\">All</th>", total.Cells(),
                  "</tr></tfoot></table>");
  return html;
}

// Every network that failed or takes no part in the comparison, by reason.
std::string LeftOutHtml(const ResultsFolder& folder) {
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::string>> groups;
  size_t count = 0;
  for (const Network& n : folder.networks()) {
    if (n.included && !n.failed()) continue;
    groups[{n.task, n.state, n.excluded_reason}].push_back(EscapeHtml(n.key));
    ++count;
  }
  if (count == 0) return "<p>Every network takes part in the comparison.</p>";
  std::string html = absl::StrCat(
      "<details class=\"left-out\"", count <= 40 ? " open" : "", "><summary>", count,
      count == 1 ? " network takes" : " networks take",
      " no part in the comparison</summary><table><thead><tr><th scope=\"col\">Task</th><th "
      "scope=\"col\">State</th><th scope=\"col\">Reason</th><th scope=\"col\">Networks</th></tr>"
      "</thead><tbody>");
  for (const auto& [group, keys] : groups) {
    const auto& [task, state, reason] = group;
    absl::StrAppend(&html, "<tr><td>", EscapeHtml(task), "</td><td>", EscapeHtml(state),
                    "</td><td>", reason.empty() ? "no reason is recorded" : EscapeHtml(reason),
                    "</td><td class=\"keys\">", keys.size(), ": ", absl::StrJoin(keys, ", "),
                    "</td></tr>");
  }
  return absl::StrCat(html, "</tbody></table></details>");
}

std::string ProvenanceHtml(const ResultsFolder& folder) {
  const Provenance& from = folder.provenance();
  return absl::StrCat("<dl><dt>Specification</dt><dd>",
                      Known(from.spec_digest, "<code>", "</code>"), "</dd><dt>Build</dt><dd>",
                      Known(from.build, "<code>", "</code>"), "</dd></dl>", CountsHtml(folder),
                      LeftOutHtml(folder), CertificatesHtml(folder));
}

std::string PanelHtml(const Panel& panel) {
  std::string html = absl::StrCat(
      "<figure id=\"", EscapeHtml(panel.id), "\" class=\"panel", " columns-", panel.columns,
      "\"><figcaption><h3>",
      panel.label.empty() ? "" : absl::StrCat("<span class=\"label\">", panel.label, "</span> "),
      EscapeHtml(panel.title), "</h3>");
  if (panel.data.empty()) {
    absl::StrAppend(&html, "</figcaption><p class=\"missing\">", EscapeHtml(panel.missing), "</p>");
  } else {
    absl::StrAppend(&html, "<p>", EscapeHtml(panel.caption),
                    "</p></figcaption><div class=\"tools\"></div>",
                    "<div class=\"plot\" data-panel=\"", EscapeHtml(panel.id), "\" data-kind=\"",
                    EscapeHtml(panel.kind), "\"></div>");
  }
  if (!panel.notes.empty()) {
    absl::StrAppend(&html, "<ul class=\"notes\">");
    for (const std::string& note : panel.notes) {
      absl::StrAppend(&html, "<li>", EscapeHtml(note), "</li>");
    }
    absl::StrAppend(&html, "</ul>");
  }
  if (!panel.python.empty()) {
    absl::StrAppend(&html, "<details class=\"source\"><summary>Data: <code>",
                    EscapeHtml(panel.file), "</code></summary><pre><code>",
                    EscapeHtml(panel.python), "</code></pre></details>");
  }
  return html + "</figure>\n";
}

std::string SectionHtml(const TaskSection& section, size_t number) {
  std::string html = absl::StrCat("<section id=\"task-", number, "\"><h2>Task ",
                                  EscapeHtml(section.task), "</h2><div class=\"panels\">\n");
  for (const Panel& panel : section.panels) absl::StrAppend(&html, PanelHtml(panel));
  absl::StrAppend(&html, "</div><h3>Statistics</h3>");
  if (section.statistics.empty()) {
    absl::StrAppend(&html, "<p class=\"missing\">", EscapeHtml(section.task),
                    "/statistics.json is not in the folder, so there are no statistics to show."
                    "</p>");
  } else {
    absl::StrAppend(&html, "<script type=\"application/json\" id=\"statistics-", number, "\">",
                    JsonInsideScript(section.statistics),
                    "</script><div class=\"statistics\" data-source=\"statistics-", number,
                    "\"></div>");
  }
  return html + "</section>\n";
}

// No script and no request: the browser itself opens the file again.
std::string ReloadHtml(const LiveState& live) {
  if (live.reload_seconds <= 0) return "";
  return absl::StrCat("<meta http-equiv=\"refresh\" content=\"", live.reload_seconds, "\">\n");
}

std::string ProgressHtml(const LiveState& live) {
  if (live.lines.empty()) return "";
  return absl::StrCat("<section id=\"progress\"><h2>Progress</h2><pre>",
                      EscapeHtml(absl::StrJoin(live.lines, "\n")), "</pre></section>\n");
}

std::string DataJson(const ResultsFolder& folder, const std::vector<TaskSection>& sections) {
  const Table& table = folder.table();
  std::vector<std::string> columns;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    std::vector<std::string> cells;
    for (const auto& row : table.rows) cells.push_back(row[c]);
    columns.push_back(JsonStrings(cells));
  }
  JsonObject panels;
  for (const TaskSection& section : sections) {
    for (const Panel& panel : section.panels) {
      if (!panel.data.empty()) panels.Set(panel.id, panel.data);
    }
  }
  return JsonObject()
      .Set("columns", JsonStrings(table.columns))
      .Set("cells", JsonArray(columns))
      .Set("panels", panels.Text())
      .Text();
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string ComposePage(const ResultsFolder& folder, const std::vector<TaskSection>& sections,
                        const LiveState& live) {
  std::string body, navigation;
  for (size_t i = 0; i < sections.size(); ++i) {
    absl::StrAppend(&body, SectionHtml(sections[i], i));
    absl::StrAppend(&navigation, "<a href=\"#task-", i, "\">", EscapeHtml(sections[i].task),
                    "</a>");
  }
  const std::string& sweep = folder.provenance().sweep;
  // What is put in is not searched again, so that no name can pose as a place of the template.
  return absl::StrReplaceAll(
      PageTemplate(),
      {{"{{policy}}", ContentPolicy({PlotlyScript(), DrawingScript(), PageScript()})},
       {"{{title}}", sweep.empty() ? "Sweep of unknown name" : EscapeHtml(sweep)},
       {"{{style}}", PageStyle()},
       {"{{reload}}", ReloadHtml(live)},
       {"{{progress}}", ProgressHtml(live)},
       {"{{navigation}}", navigation},
       {"{{provenance}}", ProvenanceHtml(folder)},
       {"{{sections}}", body},
       {"{{data}}", DataJson(folder, sections)},
       {"{{plotly}}", PlotlyScript()},
       {"{{drawing}}", DrawingScript()},
       {"{{page}}", PageScript()}});
}

}  // namespace rnnfarm::figures
