// The page in a real browser: everything is drawn, nothing is complained of, nothing is asked of
// the network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "analysis/figures/report.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "tests/analysis/figures/synthetic_results.h"

namespace rnnfarm::figures {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kChromium[] = "/usr/bin/chromium";

size_t CountOf(absl::string_view text, absl::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

class BrowserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kChromium)) {
      GTEST_SKIP() << kChromium << " is not installed; the page is not tried in a browser";
    }
  }

  // Opens the report of `results` and gives the document as the scripts have left it. Standard
  // error goes to browser.log, the browser's own record of requests to requests.json.
  std::string OpenReport() {
    absl::StatusOr<std::string> page = RenderReport(results.path());
    EXPECT_TRUE(page.ok()) << page.status();
    return Open(page.value_or(std::string()));
  }

  std::string Open(const std::string& page) {
    results.WriteText("report.html", page);
    const std::string command = absl::StrCat(
        "cd ", results.path(), " && HOME=", results.path(), " timeout 400 ", kChromium,
        " --headless --no-sandbox --use-gl=angle --use-angle=swiftshader"
        " --enable-unsafe-swiftshader --disable-background-networking --disable-component-update"
        " --disable-sync --no-first-run --no-default-browser-check --disable-dev-shm-usage"
        " --host-resolver-rules='MAP * ~NOTFOUND' --user-data-dir=profile --window-size=1360,2400"
        " --enable-logging=stderr --log-net-log=requests.json --virtual-time-budget=60000"
        " --dump-dom file://",
        results.path(), "/report.html >dom.html 2>browser.log");
    EXPECT_EQ(std::system(command.c_str()), 0) << Text("browser.log");
    return Text("dom.html");
  }

  std::string Text(const std::string& name) {
    return base::ReadFile(results.path() + "/" + name).value_or(std::string());
  }

  // What scripts, styles and the content policy complain of goes to the console.
  std::vector<std::string> ConsoleMessages() {
    std::vector<std::string> found;
    for (absl::string_view line : absl::StrSplit(Text("browser.log"), '\n')) {
      // Plotly measures text on a canvas; this is advice on how to do that faster.
      if (absl::StrContains(line, "Multiple readback operations")) continue;
      if (absl::StrContains(line, ":CONSOLE")) found.emplace_back(line);
    }
    return found;
  }

  // Addresses in the record of requests that are neither the page nor inside of it.
  std::vector<std::string> Requests() {
    const std::string log = Text("requests.json");
    EXPECT_THAT(log, HasSubstr("constants")) << "the browser wrote no record of requests";
    std::vector<std::string> found;
    // Requests of a page that is a file have the opaque origin null; the browser's own have none.
    const std::string page = "\"initiator\":\"null\"", mark = "\"url\":\"";
    for (size_t at = log.find(page); at != std::string::npos; at = log.find(page, at + 1)) {
      const size_t begin = log.find(mark, at) + mark.size();
      const std::string url = log.substr(begin, log.find('"', begin) - begin);
      if (absl::StartsWith(url, "http") || absl::StartsWith(url, "ws")) found.push_back(url);
    }
    return found;
  }

  SyntheticResults results;
};

// As files were before the noise floor and the controls.
constexpr absl::string_view kStatisticsWithoutControls =
    R"({"metrics": {"svcca": {"networks": 8, "permanova": {"architecture": {"r2": 0.52}}}}})";

TEST_F(BrowserTest, DrawsEveryPanelWithoutComplaint) {
  results.WriteProvenance();
  results.WriteNetworks({"memory", "waves", "nothing"}, 1);
  results.WriteFlipFlop("memory", 1);
  results.WriteSine("waves", 1);
  for (const char* task : {"memory", "waves"}) {
    results.WriteComparison(task, 1, {"svcca", "cka", "fixed_point_graph"});
  }
  results.WriteText("waves/statistics.json", kStatisticsWithoutControls);
  const std::string dom = OpenReport();
  const size_t plots = CountOf(dom, "data-panel=\"");
  EXPECT_GE(plots, 20u);
  EXPECT_THAT(dom, HasSubstr(absl::StrCat("data-drawn=\"", plots, "\"")));
  EXPECT_THAT(dom, HasSubstr("data-failed=\"0\""));
  EXPECT_EQ(CountOf(dom, "<p class=\"missing\">This figure"), 0u);
  EXPECT_GE(CountOf(dom, "class=\"main-svg\""), plots);
  EXPECT_EQ(CountOf(dom, ">Save as SVG<"), plots);
  EXPECT_THAT(dom, HasSubstr("30 of 30 networks shown"));
  EXPECT_EQ(CountOf(dom, "permanova · architecture · r2"), 2u);
  EXPECT_EQ(CountOf(dom, "<h4>what a distance is worth</h4>"), 1u) << "of memory, not of waves";
  EXPECT_THAT(ConsoleMessages(), IsEmpty());
  EXPECT_THAT(Requests(), IsEmpty());
  if (const char* keep = std::getenv("RNNFARM_KEEP_REPORT")) {
    std::filesystem::copy_file(results.path() + "/report.html", keep,
                               std::filesystem::copy_options::overwrite_existing);
  }
}

// A row of a table whose columns are svcca, cka and fixed_point_graph.
std::string Row(absl::string_view title, std::vector<absl::string_view> cells) {
  std::string row = absl::StrCat("<tr><th scope=\"row\">", title, "</th>");
  for (absl::string_view cell : cells) absl::StrAppend(&row, "<td>", cell, "</td>");
  return row + "</tr>";
}

TEST_F(BrowserTest, TellsWhatADistanceIsWorth) {
  results.WriteNetworks({"memory"}, 1);
  results.WriteComparison("memory", 1, {"svcca"});
  const std::string dom = OpenReport();
  const std::string number = "<td class=\"number\">";
  EXPECT_THAT(dom,
              HasSubstr(Row("noise floor: mean, largest", {"0.01235, 0.05", "–", "0.5, 1.5"})));
  EXPECT_THAT(dom, HasSubstr(Row("noise floor measured between",
                                 {"halves of the probe, 8 networks, 28 pairs", "–",
                                  "samplings of a graph, 7 networks"})));
  EXPECT_THAT(dom, HasSubstr(Row("networks, trained + untrained", {"6 + 2", "–", "–"})));
  EXPECT_THAT(dom, HasSubstr("mean distance, trained to trained</th>" + number + "0.25</td>"));
  EXPECT_THAT(dom, HasSubstr("mean distance, trained to untrained</th>" + number + "0.75</td>"));
  EXPECT_THAT(dom, HasSubstr(Row("mean distance, untrained to untrained",
                                 {"0.01 (below the noise floor)", "–", "–"})));
  EXPECT_EQ(CountOf(dom, "mean distance, trained to its own untrained control"), 0u);
  EXPECT_THAT(dom,
              HasSubstr(Row("trained networks nearest to an untrained one", {"12.5 %", "–", "–"})));
  EXPECT_THAT(dom, HasSubstr(Row("trained told from untrained by the nearest neighbour",
                                 {"0.9375 (chance 0.5714)", "–", "–"})));
  EXPECT_THAT(dom, HasSubstr("silhouette of trained and untrained</th>" + number + "0.4</td>"));
  EXPECT_THAT(dom, HasSubstr("<p class=\"explanation\">The noise floor is"));
  EXPECT_THAT(ConsoleMessages(), IsEmpty());
}

// The other tests expect that nothing is noticed; here something must be.
TEST_F(BrowserTest, NoticesRequestsAndComplaints) {
  Open(
      "<!doctype html><img src=\"http://example.invalid/x.png\">"
      "<script>console.error('a complaint')</script>");
  EXPECT_THAT(Requests(), ::testing::Contains("http://example.invalid/x.png"));
  EXPECT_THAT(ConsoleMessages(), ::testing::Contains(HasSubstr("a complaint")));
}

// Clicks what a person would and writes what came of it into the document. The page's own policy
// stays in force; this script is let in by its digest.
constexpr absl::string_view kVisitor = R"js(
const saved = [];
URL.createObjectURL = (blob) => { saved.push(blob); return '#saved'; };
// Time is virtual here and runs out while the page waits; drawing happens in real time. So every
// virtual millisecond is made to last a few real ones.
const pause = () => new Promise((resolve) => setTimeout(() => {
  let x = 1;
  for (let i = 0; i < 2e6; ++i) x = Math.sqrt(x + i);
  resolve(x);
}, 1));
(async () => {
  const root = document.documentElement;
  const heads = [...document.querySelectorAll('.networks thead th')];
  const column = heads.findIndex((head) => head.dataset.column === 'validation_loss');
  const cells = () => [...document.querySelectorAll('.networks tbody tr')].map(
      (row) => row.children[column].title);
  const sorted = (values, sign) => {
    const known = values.filter((v) => v !== '');
    return values.slice(known.length).every((v) => v === '') &&
        known.every((v, i) => i === 0 || sign * (Number(v) - Number(known[i - 1])) >= 0);
  };
  heads[column].firstChild.click();
  root.dataset.ascending = sorted(cells(), 1);
  heads[column].firstChild.click();
  root.dataset.descending = sorted(cells(), -1);
  const filter = document.querySelector('#networks-table input');
  filter.value = 'untrained';
  filter.dispatchEvent(new Event('input'));
  root.dataset.filtered = cells().length;
  const plots = document.querySelectorAll('.plot').length;
  while (Number(root.dataset.drawn) < plots) await pause();
  let images = [];
  for (const kind of ['trajectories', 'embedding', 'graph']) {
    const figure = document.querySelector('[data-kind=' + kind + ']').parentElement;
    const before = saved.length;
    figure.querySelector('.save').click();
    while (saved.length === before) await pause();
    const text = await saved[before].text();
    images.push(text.startsWith('<svg') ? text.split('<image').length - 1 : 'no drawing');
  }
  root.dataset.saved = images.join(' ');
})();
)js";

TEST_F(BrowserTest, TableSortsAndFiguresAreSaved) {
  results.WriteProvenance();
  results.WriteNetworks({"memory"}, 1);
  results.WriteFlipFlop("memory", 1);
  results.WriteComparison("memory", 1, {"svcca"});
  const std::string page = *RenderReport(results.path());
  const std::string digest = absl::Base64Escape(absl::HexStringToBytes(base::DigestOf(kVisitor)));
  const std::string dom = Open(
      absl::StrReplaceAll(page, {{"script-src ", "script-src 'sha256-" + digest + "' "},
                                 {"</body>", absl::StrCat("<script>", kVisitor, "</script>")}}));
  EXPECT_THAT(dom, HasSubstr("data-ascending=\"true\""));
  EXPECT_THAT(dom, HasSubstr("data-descending=\"true\""));
  EXPECT_THAT(dom, HasSubstr("data-filtered=\"1\""));
  // Scenes are pictures inside of the drawing: eight, none, one.
  EXPECT_THAT(dom, HasSubstr("data-saved=\"8 0 1\""));
  EXPECT_THAT(ConsoleMessages(), IsEmpty());
}

TEST_F(BrowserTest, ManyNetworks) {
  results.WriteNetworks({"memory"}, 60);
  results.WriteComparison("memory", 60, {"svcca"});
  const std::string dom = OpenReport();
  EXPECT_THAT(dom, HasSubstr("data-drawn=\"3\""));  // matrix, embedding, histogram
  EXPECT_THAT(dom, HasSubstr("100 of 482 networks shown"));
  EXPECT_THAT(ConsoleMessages(), IsEmpty());
}

TEST_F(BrowserTest, HostileNamesRunNothing) {
  results.WriteText(
      "networks.csv",
      "key,task,architecture,activation,validation_loss,included\n"
      "\"<img src=x onerror=console.error(1)>\",\"<b onclick=x>t\",gru,tanh,0.1,true\n"
      "\"</script><script>console.error(2)</script>\",\"<b onclick=x>t\","
      "\"<svg onload=console.error(3)>\",tanh,0.2,true\n");
  const std::string dom = OpenReport();
  EXPECT_THAT(dom, HasSubstr("data-drawn=\"1\""));
  EXPECT_EQ(CountOf(dom, "<img"), 0u);
  EXPECT_EQ(CountOf(dom, "<b onclick"), 0u);
  EXPECT_EQ(CountOf(dom, "<svg onload"), 0u);
  EXPECT_THAT(ConsoleMessages(), IsEmpty());
}

}  // namespace
}  // namespace rnnfarm::figures
