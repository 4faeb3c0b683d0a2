#include "analysis/figures/certificates.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analysis/figures/page.h"

namespace rnnfarm::figures {
namespace {

// From the best to the worst, as networks.csv spells them.
const char* const kVerdicts[] = {"certified", "no_theorem", "incomplete", "no_fixed_point"};
constexpr size_t kOfConcern = 2;  // the first that is told of by network
constexpr size_t kCount = std::size(kVerdicts);

// The worst of its conditions; kCount where there is none.
size_t WorstVerdict(absl::string_view cell) {
  size_t worst = kCount;
  for (const absl::string_view verdict : absl::StrSplit(cell, ';')) {
    const size_t found = std::find(kVerdicts, kVerdicts + kCount, verdict) - kVerdicts;
    if (found < kCount) worst = worst == kCount ? found : std::max(worst, found);
  }
  return worst;
}

std::string Row(const std::vector<std::string>& cells) {
  std::string html = "<tr>";
  for (const std::string& cell : cells) absl::StrAppend(&html, "<td>", cell, "</td>");
  return html + "</tr>";
}

// Long lists of conditions break after each of them.
std::string OverConditions(absl::string_view cell) {
  std::string html = EscapeHtml(cell);
  for (size_t at = 0; (at = html.find(';', at)) != std::string::npos; ++at) {
    // Not the end of an entity: numbers, slashes and words have none.
    html.insert(at + 1, "<wbr>");
  }
  return html;
}

}  // namespace

std::string CertificatesHtml(const ResultsFolder& folder) {
  const Table& table = folder.table();
  if (table.Column("verdict") < 0) return "";
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<int>> groups;
  std::string concerns;
  int concerning = 0;
  for (size_t i = 0; i < folder.networks().size(); ++i) {
    const size_t verdict = WorstVerdict(table.Cell(i, "verdict"));
    if (verdict == kCount) continue;
    const Network& n = folder.networks()[i];
    std::vector<int>& counts = groups[{n.task, n.architecture, n.activation}];
    counts.resize(kCount);
    ++counts[verdict];
    if (verdict < kOfConcern) continue;
    ++concerning;
    std::vector<std::string> cells = {absl::StrCat("<code>", EscapeHtml(n.key), "</code>")};
    for (const char* column : {"verdict", "fixed_points", "index_sum", "starts", "converged",
                               "estimated_unseen", "largest_q"}) {
      cells.push_back(OverConditions(table.Cell(i, column)));
    }
    absl::StrAppend(&concerns, Row(cells));
  }
  if (groups.empty()) return "";
  std::string html =
      "<h3>Are all fixed points found?</h3><p>Certified: the sum of sign det(I &minus; J) is 1, "
      "as it is over all fixed points of a tanh cell. Incomplete: it is not, so that points were "
      "missed. No theorem: the cell does not stay in a ball (relu). A network counts by the worst "
      "of its conditions.</p><table class=\"certificates\"><thead><tr><th>Task</th>"
      "<th>Architecture</th><th>Activation</th><th>Certified</th><th>No theorem</th>"
      "<th>Incomplete</th><th>No fixed point</th></tr></thead><tbody>";
  for (const auto& [group, counts] : groups) {
    const auto& [task, architecture, activation] = group;
    std::vector<std::string> cells = {EscapeHtml(task), EscapeHtml(architecture),
                                      EscapeHtml(activation)};
    for (const int count : counts) cells.push_back(absl::StrCat(count));
    absl::StrAppend(&html, Row(cells));
  }
  absl::StrAppend(&html, "</tbody></table>");
  if (concerning == 0) return html;
  return absl::StrCat(
      html, "<details class=\"left-out\"><summary>", concerning,
      concerning == 1 ? " network is" : " networks are",
      " incomplete or without a fixed point</summary><table><thead><tr><th>Network</th>"
      "<th>Verdict</th><th>Fixed points by unstable directions</th><th>Index sum</th>"
      "<th>Starts</th><th>Converged</th><th>Estimated unseen</th><th>Largest q</th></tr></thead>"
      "<tbody>",
      concerns, "</tbody></table></details>");
}

}  // namespace rnnfarm::figures
