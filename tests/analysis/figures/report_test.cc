#include "analysis/figures/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/figures/embedded_files.h"
#include "base/array_file.h"
#include "tests/analysis/figures/synthetic_results.h"

namespace rnnfarm::figures {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const SyntheticResults& results) {
  absl::StatusOr<std::string> page = RenderReport(results.path());
  EXPECT_TRUE(page.ok()) << page.status();
  return page.value_or(std::string());
}

// The page without the code that is embedded in it.
std::string WithoutCode(const std::string& page) {
  return absl::StrReplaceAll(
      page, {{PlotlyScript(), ""}, {DrawingScript(), ""}, {PageScript(), ""}, {PageStyle(), ""}});
}

void WriteEverything(const SyntheticResults& results, int seeds) {
  results.WriteProvenance();
  results.WriteNetworks({"memory", "waves"}, seeds);
  results.WriteFlipFlop("memory", seeds);
  results.WriteSine("waves", seeds);
  results.WriteComparison("memory", seeds, {"svcca", "cka", "procrustes", "fixed_point_graph"});
  results.WriteComparison("waves", seeds, {"svcca", "cka", "procrustes", "fixed_point_graph"});
}

TEST(ReportTest, HasEveryPanelOfThePaperAndItsProvenance) {
  SyntheticResults results;
  WriteEverything(results, 1);
  const auto begin = std::chrono::steady_clock::now();
  const std::string page = Render(results);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 5);
  for (const char* label : {"1b", "1c", "1d", "1e", "1f", "2b", "2c", "2d", "2e"}) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("<span class=\"label\">", label, "</span>")));
  }
  for (const char* kind : {"trajectories", "matrix", "embedding", "fixed_points", "graph",
                           "spectrum", "loss_curves", "final_losses"}) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("data-kind=\"", kind, "\"")));
  }
  EXPECT_THAT(page, HasSubstr("<h1>universality</h1>"));
  EXPECT_THAT(page, HasSubstr(std::string(64, 'a')));
  EXPECT_THAT(page, HasSubstr("rnnfarm 0.1.0 (test)"));
  EXPECT_THAT(page, HasSubstr("training diverged at iteration 310, after 3 attempts"));
  EXPECT_THAT(page, HasSubstr("4 fixed points, the usual number is 27"));
  EXPECT_THAT(page, HasSubstr("memory/distances/svcca.npy"));
  EXPECT_THAT(WithoutCode(page), Not(HasSubstr("class=\"missing\">There")));
}

TEST(ReportTest, TellsWhoseFixedPointsAreIncomplete) {
  SyntheticResults results;
  results.WriteNetworks({"memory"}, 2);
  const std::string page = WithoutCode(Render(results));
  // Two seeds and, of the vanilla network with tanh, one control whose index sum is 2.
  EXPECT_THAT(page, HasSubstr("<td>memory</td><td>gru</td><td>tanh</td><td>2</td><td>0</td>"
                              "<td>0</td><td>0</td>"));
  EXPECT_THAT(page, HasSubstr("<td>memory</td><td>vanilla</td><td>tanh</td><td>2</td><td>0</td>"
                              "<td>1</td><td>0</td>"));
  EXPECT_THAT(page, HasSubstr("1 network is incomplete or without a fixed point"));
  EXPECT_THAT(page, HasSubstr("memory-vanilla-tanh-24-l2_1e-05-s0-untrained</code></td>"
                              "<td>incomplete</td><td>3/1</td><td>2</td>"));
}

TEST(ReportTest, AsksNothingOfAnyNetwork) {
  SyntheticResults results;
  WriteEverything(results, 1);
  const std::string page = Render(results);
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; script-src 'sha256-"));
  const std::string shell = WithoutCode(page);
  EXPECT_THAT(shell, Not(HasSubstr("http://")));
  EXPECT_THAT(shell, Not(HasSubstr("https://")));
  EXPECT_THAT(shell, Not(HasSubstr("src=\"")));
  EXPECT_THAT(std::string(PageStyle()), Not(HasSubstr("url(")));
  EXPECT_THAT(std::string(PageStyle()), Not(HasSubstr("@import")));
  EXPECT_THAT(shell, Not(HasSubstr("{{")));
  for (const absl::string_view script : {PlotlyScript(), DrawingScript(), PageScript()}) {
    EXPECT_FALSE(script.empty());
    EXPECT_FALSE(absl::StrContains(script, "</script")) << "would end its own element";
    EXPECT_FALSE(absl::StrContains(script, "\r")) << "browsers hash the text without it";
  }
}

TEST(ReportTest, ShowsHostileNamesAsText) {
  SyntheticResults results;
  results.WriteText("manifest.json",
                    R"({"sweep": "</title><script>one()</script>", "build": "<b>\"&"})");
  results.WriteText("networks.csv",
                    "key,task,architecture,activation,state,included,excluded_reason\n"
                    "\"<script>two()</script>\",\"a\"\"><script>three()</script>\",gru,tanh,"
                    "FAILED,false,\"</script><script>four('{{plotly}}')</script>\"\n"
                    "../../secret,../..,gru,tanh,ANALYZED,true,\n");
  const std::string shell = WithoutCode(Render(results));
  EXPECT_THAT(shell, Not(HasSubstr("<script>one")));
  EXPECT_THAT(shell, Not(HasSubstr("<script>two")));
  EXPECT_THAT(shell, Not(HasSubstr("<script>three")));
  EXPECT_THAT(shell, Not(HasSubstr("<script>four")));
  EXPECT_THAT(shell, HasSubstr("&lt;script&gt;two()&lt;/script&gt;"));
  EXPECT_THAT(shell, HasSubstr("\\u003cscript>two()"));
  EXPECT_THAT(shell, HasSubstr("{{plotly}}")) << "a name must not be taken for the template's";
}

TEST(ReportTest, SaysWhatIsMissing) {
  SyntheticResults results;
  results.WriteNetworks({"memory"}, 1);
  const std::string page = WithoutCode(Render(results));
  EXPECT_THAT(page, HasSubstr("<h1>Sweep of unknown name</h1>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"unknown\">unknown</span>"));
  EXPECT_THAT(page, HasSubstr("No states of trained networks are in memory/states"));
  EXPECT_THAT(page, HasSubstr("There is no matrix of SVCCA distances to draw"));
  EXPECT_THAT(page, HasSubstr("There is no embedding of SVCCA distances to draw"));
  EXPECT_THAT(page, HasSubstr("There is no embedding of Fixed point graph distances to draw"));
  EXPECT_THAT(page, HasSubstr("No fixed points of the networks above are in memory/fixed_points"));
  EXPECT_THAT(page, HasSubstr("No trained networks with a loss curve are in memory/networks"));
  EXPECT_THAT(page, HasSubstr("memory/statistics.json is not in the folder"));
}

TEST(ReportTest, DrawsTheRestWhenOneFileIsBroken) {
  SyntheticResults results;
  results.WriteNetworks({"flipflop"}, 1);
  results.WriteFlipFlop("flipflop", 1);
  const std::string key = SyntheticResults::Population("flipflop", 1)[3].key;
  results.WriteText(absl::StrCat("flipflop/states/", key, ".npy"), "no array");
  const std::string other = SyntheticResults::Population("flipflop", 1)[5].key;
  results.WriteText(absl::StrCat("flipflop/fixed_points/", other, ".npz"), "no archive");
  const std::string page = WithoutCode(Render(results));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("<li>Not drawn: flipflop/states/", key, ".npy")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("<li>Not drawn: flipflop/fixed_points/", other)));
  EXPECT_THAT(page, HasSubstr("data-kind=\"trajectories\""));
  EXPECT_THAT(page, HasSubstr("data-kind=\"graph\""));
}

TEST(ReportTest, RefusesMatricesThatDoNotFitTheirIndex) {
  SyntheticResults results;
  results.WriteNetworks({"memory"}, 1);
  results.WriteComparison("memory", 1, {"svcca"});
  results.WriteText("memory/distances/svcca.npy",
                    base::EncodeNpy(base::Array::Of<float>({2, 2}, {0.f, 1.f, 1.f, 0.f})));
  EXPECT_THAT(Render(results), HasSubstr("memory/distances/svcca.npy is (2, 2) &lt;f4, its index "
                                         "names 8 networks"));
}

TEST(ReportTest, StaysSmallForThousandsOfNetworks) {
  constexpr int kSeeds = 360;  // 2,880 networks
  SyntheticResults results;
  results.WriteNetworks({"memory"}, kSeeds);
  results.WriteComparison("memory", kSeeds, {"svcca", "cka", "procrustes"});
  const std::string page = Render(results);
  EXPECT_LT(page.size(), 6'000'000u);
  EXPECT_THAT(page, HasSubstr("2880 networks, drawn as means over blocks in 720 rows"));
}

// Every figure's lines of Python, without their drawing, from inside the folder.
TEST(ReportTest, PythonLinesRunOnTheFiles) {
  if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no NumPy; the lines of Python are not tried";
  }
  SyntheticResults results;
  WriteEverything(results, 1);
  const std::string page = WithoutCode(Render(results));
  const std::string open = "<pre><code>", close = "</code></pre>";
  int count = 0;
  for (size_t at = page.find(open); at != std::string::npos; at = page.find(open, at + 1)) {
    const size_t begin = at + open.size();
    results.WriteText(
        absl::StrCat("lines_", count++, ".py"),
        absl::StrReplaceAll(
            page.substr(begin, page.find(close, begin) - begin),
            {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}));
  }
  EXPECT_GT(count, 20);
  results.WriteText("matplotlib/pyplot.py",
                    "from unittest.mock import MagicMock\n"
                    "drawn = MagicMock()\n"
                    "def __getattr__(name):\n    return getattr(drawn, name)\n");
  results.WriteText("run.py",
                    "import glob\nfor path in sorted(glob.glob('lines_*.py')):\n"
                    "    exec(compile(open(path).read(), path, 'exec'), {})\n");
  EXPECT_EQ(std::system(absl::StrCat("cd ", results.path(), " && /usr/bin/python3 run.py").c_str()),
            0);
}

TEST(ReportTest, NamesTheFileWithoutWhichThereIsNoReport) {
  SyntheticResults results;
  EXPECT_EQ(RenderReport(results.path()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(RenderReport(results.path()).status().message()),
              HasSubstr("networks.csv is missing"));
  EXPECT_EQ(RenderReport(results.path() + "/nowhere").status().code(), absl::StatusCode::kNotFound);
  results.WriteText("networks.csv", "key,task\n\"a,b\n");
  EXPECT_THAT(std::string(RenderReport(results.path()).status().message()),
              HasSubstr("opens a quote that is never closed"));
}

}  // namespace
}  // namespace rnnfarm::figures
