#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/figures/distance_matrix.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/panels.h"
#include "analysis/figures/pooled_matrix.h"

namespace rnnfarm::figures {
namespace {

// Larger matrices are pooled to this side.
constexpr int kMaxMatrixSide = 720;
// Larger matrices are written in 254 steps of their range, a byte a pair.
constexpr int kMaxExactSide = 256;
constexpr unsigned char kNoValue = 255;

std::string TitleOf(const std::string& metric) {
  for (const char* abbreviation : {"svcca", "cca", "cka", "dsa"}) {
    if (metric == abbreviation) return absl::AsciiStrToUpper(metric);
  }
  if (metric == "gromov_wasserstein") return "Gromov-Wasserstein";
  std::string words = absl::StrReplaceAll(metric, {{"_", " "}, {"-", " "}});
  if (!words.empty()) words[0] = absl::ascii_toupper(words[0]);
  return words;
}

void SetTriangle(const PooledMatrix& pooled, JsonObject& json) {
  float low = 0, high = 0;
  bool any = false;
  for (const float value : pooled.triangle) {
    if (!std::isfinite(value)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  json.Set("low", JsonNumber(low)).Set("high", JsonNumber(high));
  if (pooled.side <= kMaxExactSide) {
    json.Set("triangle", JsonFloats(pooled.triangle));
    return;
  }
  std::vector<unsigned char> steps;
  const float range = high > low ? high - low : 1;
  for (const float value : pooled.triangle) {
    steps.push_back(std::isfinite(value) ? static_cast<unsigned char>(
                                               std::lround((value - low) / range * (kNoValue - 1)))
                                         : kNoValue);
  }
  json.Set("triangle", JsonBytes(steps));
}

// Where in the pooled order each architecture and activation begins.
std::string GroupsJson(const std::vector<Network>& networks, const std::vector<int>& order,
                       const PooledMatrix& pooled) {
  std::vector<std::string> groups;
  std::string previous;
  for (int i = 0; i < pooled.side; ++i) {
    const Network& n = networks[order[pooled.first[i]]];
    std::string label = n.architecture.empty() ? std::string("unlisted") : n.architecture;
    if (!n.activation.empty()) absl::StrAppend(&label, " ", n.activation);  // a recording has none
    if (n.untrained) absl::StrAppend(&label, " untrained");
    if (i > 0 && label == previous) continue;
    groups.push_back(
        JsonObject().Set("label", JsonString(label)).Set("from", absl::StrCat(i)).Text());
    previous = std::move(label);
  }
  return JsonArray(groups);
}

std::string MatrixPython(const std::string& task, const std::string& metric,
                         const std::string& index_file) {
  return absl::StrCat(
      "import csv, numpy as np, matplotlib.pyplot as plt\n"
      "rows = list(csv.DictReader(open(",
      PythonString(index_file),
      ")))\n"
      "order = sorted(range(len(rows)), key=lambda i: (rows[i][\"architecture\"], "
      "rows[i][\"activation\"]))\n"
      "d = np.load(",
      PythonString(DistancesPath(task, metric)),
      ")[np.ix_(order, order)]\n"
      "plt.imshow(d)\nplt.colorbar()\nplt.show()");
}

absl::StatusOr<std::string> MatrixJson(const ResultsFolder& folder, const TaskPlace& place,
                                       const std::string& metric, Panel& panel) {
  const absl::StatusOr<DistanceMatrix> matrix = ReadDistances(folder, place.task, metric);
  if (!matrix.ok()) return matrix.status();
  const std::vector<Network>& networks = matrix->networks;
  const std::vector<int>& order = matrix->order;
  const int64_t n = static_cast<int64_t>(order.size());
  const PooledMatrix pooled = PoolMatrix(matrix->values(), order, kMaxMatrixSide);
  std::vector<std::string> labels;
  for (int i = 0; i < pooled.side; ++i) {
    const int more = pooled.first[i + 1] - pooled.first[i] - 1;
    labels.push_back(networks[order[pooled.first[i]]].key);
    if (more > 0) absl::StrAppend(&labels.back(), " and ", more, " more");
  }
  if (pooled.side < n) {
    panel.notes.push_back(absl::StrCat(n, " networks, drawn as means over blocks in ", pooled.side,
                                       " rows; the file holds every pair."));
  }
  JsonObject json;
  json.Set("metric", JsonString(TitleOf(metric))).Set("side", absl::StrCat(pooled.side));
  SetTriangle(pooled, json);
  json.Set("labels", JsonStrings(labels)).Set("groups", GroupsJson(networks, order, pooled));
  return json.Text();
}

Panel MatrixPanel(const ResultsFolder& folder, const TaskPlace& place, const std::string& metric) {
  Panel panel;
  panel.kind = "matrix";
  panel.columns = 2;
  panel.label = metric == "svcca" ? place.Label("c", "", "") : "";
  panel.title = absl::StrCat(TitleOf(metric), " distances");
  panel.file = DistancesPath(place.task, metric);
  absl::StatusOr<std::string> json = MatrixJson(folder, place, metric, panel);
  if (!json.ok()) {
    panel.missing = absl::StrCat("There is no matrix of ", TitleOf(metric),
                                 " distances to draw: ", json.status().message(), ".");
    return panel;
  }
  panel.data = *std::move(json);
  panel.caption = "Between every two networks, ordered by architecture, then activation.";
  std::string index = absl::StrCat(place.task, "/distances/", metric, "_index.csv");
  if (!folder.Has(index)) index = absl::StrCat(place.task, "/distances/index.csv");
  panel.python = MatrixPython(place.task, metric, index);
  return panel;
}

std::string EmbeddingPython(const std::string& file) {
  return absl::StrCat(
      "import csv, matplotlib.pyplot as plt\n"
      "kind = {r[\"key\"]: r for r in csv.DictReader(open(\"networks.csv\"))}\n"
      "points = list(csv.DictReader(open(",
      PythonString(file),
      ")))\n"
      "for column in (\"architecture\", \"activation\"):\n"
      "    plt.figure()\n"
      "    for value in sorted({r[column] for r in kind.values()}):\n"
      "        p = [r for r in points if kind[r[\"key\"]][column] == value]\n"
      "        plt.scatter([float(r[\"x\"]) for r in p], [float(r[\"y\"]) for r in p], "
      "label=value)\n"
      "    plt.legend()\nplt.show()");
}

Panel EmbeddingPanel(const ResultsFolder& folder, const TaskPlace& place,
                     const std::string& metric) {
  Panel panel;
  panel.kind = "embedding";
  panel.label = metric == "svcca"               ? place.Label("d", "c", "c")
                : metric == "fixed_point_graph" ? place.Label("f", "e", "d")
                                                : "";
  panel.title = absl::StrCat(TitleOf(metric), " distances, embedded");
  panel.columns = 4;
  panel.file = absl::StrCat(place.task, "/embeddings/", metric, ".csv");
  absl::StatusOr<Points> points = folder.ReadEmbedding(place.task, metric);
  if (!points.ok() || points->x.empty()) {
    const std::string why =
        points.ok() ? "it holds no points" : std::string(points.status().message());
    panel.missing = absl::StrCat("There is no embedding of ", TitleOf(metric),
                                 " distances to draw: ", why, ".");
    return panel;
  }
  panel.caption =
      "Multidimensional scaling: networks that lie close together are alike. Left by architecture, "
      "right by activation; hollow marks are untrained controls. A click on a name in the legend "
      "hides it.";
  panel.python = EmbeddingPython(panel.file);
  panel.data = JsonObject()
                   .Set("networks", JsonIntegers(points->index.networks))
                   .Set("x", JsonFloats(points->x))
                   .Set("y", JsonFloats(points->y))
                   .Text();
  return panel;
}

}  // namespace

std::vector<std::vector<Panel>> SimilarityPanels(const ResultsFolder& folder,
                                                 const TaskPlace& place) {
  std::vector<std::string> metrics = folder.MetricsOf(place.task);
  // The two that the paper draws are spoken of even when they are not there.
  if (metrics.empty()) metrics = {"svcca"};
  if (std::count(metrics.begin(), metrics.end(), "fixed_point_graph") == 0) {
    metrics.push_back("fixed_point_graph");
  }
  std::vector<std::vector<Panel>> panels;
  for (size_t i = 0; i < metrics.size(); ++i) {
    Panel matrix = MatrixPanel(folder, place, metrics[i]);
    Panel embedding = EmbeddingPanel(folder, place, metrics[i]);
    // Names of files may hold anything; ids may not.
    matrix.id = place.Id(absl::StrCat("matrix-", i));
    embedding.id = place.Id(absl::StrCat("embedding-", i));
    panels.push_back({std::move(matrix), std::move(embedding)});
  }
  return panels;
}

}  // namespace rnnfarm::figures
