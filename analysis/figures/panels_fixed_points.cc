#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/panels.h"

namespace rnnfarm::figures {
namespace {

// Bounds on what a page holds; the files hold everything.
constexpr int64_t kMaxDrawnPoints = 600;
constexpr int64_t kMaxDrawnNodes = 128;
constexpr int64_t kMaxSpectrumPoints = 60;
constexpr int64_t kMaxEigenvalues = 24;  // of each fixed point, the largest

// The arrays of one fixed-points file that are drawn.
struct FixedPoints {
  std::string path;
  const Portrait* portrait = nullptr;
  int64_t points = 0, state_size = 0, outputs = 0;
  std::vector<double> xstar, readout, unstable, condition, slow;
  std::vector<double> transitions, node_point;
  std::vector<std::complex<double>> eigenvalues;  // points x state_size, or empty
};

std::vector<double> Column(const base::Archive& archive, absl::string_view name, int64_t points) {
  const absl::StatusOr<const base::Array*> array = archive.Find(name, {points});
  if (!array.ok()) return std::vector<double>(points, 0.0);
  return (*array)->ToDoubles().value_or(std::vector<double>(points, 0.0));
}

// The graph is optional: without it, `transitions` stays empty.
void ReadGraph(const base::Archive& archive, FixedPoints& out) {
  const absl::StatusOr<const base::Array*> matrix = archive.Find("transitions", {-1, -1});
  if (!matrix.ok() || (*matrix)->shape[0] != (*matrix)->shape[1]) return;
  const int64_t nodes = (*matrix)->shape[0];
  absl::StatusOr<std::vector<double>> values = (*matrix)->ToDoubles();
  const absl::StatusOr<const base::Array*> node_point = archive.Find("node_point", {nodes});
  if (!values.ok() || !node_point.ok()) return;
  absl::StatusOr<std::vector<double>> rows = (*node_point)->ToDoubles();
  if (!rows.ok()) return;
  for (const double row : *rows) {
    if (!(row >= 0 && row < static_cast<double>(out.points))) return;
  }
  out.transitions = *std::move(values);
  out.node_point = *std::move(rows);
}

void ReadEigenvalues(const base::Archive& archive, FixedPoints& out) {
  const absl::StatusOr<const base::Array*> array =
      archive.Find("eigval_J_xstar", {out.points, out.state_size});
  if (!array.ok()) return;
  const auto values = (*array)->As<std::complex<double>>();
  if (values.ok()) out.eigenvalues.assign(values->begin(), values->end());
}

absl::StatusOr<FixedPoints> ReadFixedPoints(const ResultsFolder& folder, const Portrait& portrait) {
  FixedPoints out;
  out.portrait = &portrait;
  out.path =
      ResultsFolder::NetworkPath(folder.networks()[portrait.network], "fixed_points", ".npz");
  absl::StatusOr<base::Archive> archive = folder.ReadArchive(out.path);
  if (!archive.ok()) return archive.status();
  const absl::StatusOr<const base::Array*> xstar = archive->Find("xstar", {-1, -1});
  if (!xstar.ok()) return xstar.status();
  out.points = (*xstar)->shape[0];
  out.state_size = (*xstar)->shape[1];
  if (out.state_size < portrait.components.mean.size()) {
    return absl::InvalidArgumentError(absl::StrCat(out.path, ": xstar has ", out.state_size,
                                                   " columns, the states have ",
                                                   portrait.components.mean.size(), " units"));
  }
  absl::StatusOr<std::vector<double>> values = (*xstar)->ToDoubles();
  if (!values.ok()) return values.status();
  out.xstar = *std::move(values);
  out.unstable = Column(*archive, "n_unstable", out.points);
  out.condition = Column(*archive, "cond_id", out.points);
  out.slow = Column(*archive, "is_slow", out.points);
  if (const auto readout = archive->Find("readout", {out.points, -1}); readout.ok()) {
    out.outputs = (*readout)->shape[1];
    out.readout = (*readout)->ToDoubles().value_or(std::vector<double>());
    if (out.readout.empty()) out.outputs = 0;
  }
  ReadGraph(*archive, out);
  ReadEigenvalues(*archive, out);
  return out;
}

std::vector<int> Integers(const std::vector<double>& values, int64_t count) {
  std::vector<int> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(static_cast<int>(values[i]));
  return out;
}

std::string PointsJson(const FixedPoints& fixed, size_t portrait_index) {
  const int64_t count = std::min(fixed.points, kMaxDrawnPoints);
  // The state of an LSTM is [h; c]; the components are of h.
  const int64_t units = fixed.portrait->components.mean.size();
  Eigen::MatrixXd h(count, units);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t u = 0; u < units; ++u) h(i, u) = fixed.xstar[i * fixed.state_size + u];
  }
  const Eigen::MatrixXd projected = fixed.portrait->components.Project(h);
  std::vector<float> points;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t d = 0; d < projected.cols(); ++d) {
      points.push_back(static_cast<float>(projected(i, d)));
    }
  }
  std::vector<float> readout;
  for (int64_t i = 0; i < count * fixed.outputs; ++i) {
    readout.push_back(static_cast<float>(fixed.readout[i]));
  }
  return JsonObject()
      .Set("network", absl::StrCat(fixed.portrait->network))
      .Set("portrait", absl::StrCat(portrait_index))
      .Set("dims", absl::StrCat(projected.cols()))
      .Set("points", JsonFloats(points))
      .Set("outputs", absl::StrCat(fixed.outputs))
      .Set("readout", JsonFloats(readout))
      .Set("unstable", JsonIntegers(Integers(fixed.unstable, count)))
      .Set("condition", JsonIntegers(Integers(fixed.condition, count)))
      .Set("slow", JsonIntegers(Integers(fixed.slow, count)))
      .Text();
}

bool HasCube(const FixedPoints& fixed) {
  return !fixed.transitions.empty() && fixed.outputs >= 2 &&
         static_cast<int64_t>(fixed.node_point.size()) <= kMaxDrawnNodes;
}

std::string GraphJson(const FixedPoints& fixed) {
  std::vector<std::string> nodes;
  const int64_t count = static_cast<int64_t>(fixed.node_point.size());
  for (const double row : fixed.node_point) {
    std::vector<double> corner(3, 0.0);
    const int64_t point = static_cast<int64_t>(row);
    for (int64_t k = 0; k < std::min<int64_t>(3, fixed.outputs); ++k) {
      corner[k] = std::round(fixed.readout[point * fixed.outputs + k]) + 0.0;  // no -0
    }
    nodes.push_back(JsonObject()
                        .Set("at", JsonNumbers(corner))
                        .Set("unstable", absl::StrCat(static_cast<int>(fixed.unstable[point])))
                        .Text());
  }
  std::vector<std::string> edges;
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) {
      const double share = fixed.transitions[i * count + j];
      if (i == j || !(share > 0)) continue;
      edges.push_back(absl::StrCat("[", i, ",", j, ",", JsonNumber(share), "]"));
    }
  }
  return JsonObject()
      .Set("network", absl::StrCat(fixed.portrait->network))
      .Set("nodes", JsonArray(nodes))
      .Set("edges", JsonArray(edges))
      .Text();
}

std::string SpectrumJson(const FixedPoints& fixed) {
  std::vector<float> real, imaginary;
  std::vector<int> point_of;
  for (int64_t p = 0; p < std::min(fixed.points, kMaxSpectrumPoints); ++p) {
    std::vector<std::complex<double>> row(fixed.eigenvalues.begin() + p * fixed.state_size,
                                          fixed.eigenvalues.begin() + (p + 1) * fixed.state_size);
    std::stable_sort(row.begin(), row.end(),
                     [](const auto& a, const auto& b) { return std::abs(a) > std::abs(b); });
    row.resize(std::min<size_t>(row.size(), kMaxEigenvalues));
    for (const std::complex<double>& value : row) {
      real.push_back(static_cast<float>(value.real()));
      imaginary.push_back(static_cast<float>(value.imag()));
      point_of.push_back(static_cast<int>(fixed.unstable[p]));
    }
  }
  return JsonObject()
      .Set("network", absl::StrCat(fixed.portrait->network))
      .Set("real", JsonFloats(real))
      .Set("imaginary", JsonFloats(imaginary))
      .Set("unstable", JsonIntegers(point_of))
      .Text();
}

constexpr absl::string_view kLoad =
    "import numpy as np, matplotlib.pyplot as plt\n"
    "fp = np.load(";

Panel PointsPanel(const TaskPlace& place, const std::vector<FixedPoints>& all,
                  const Portraits& portraits) {
  Panel panel;
  panel.id = place.Id("fixed-points");
  panel.kind = "fixed_points";
  panel.label = place.Label("e", "d", "b");
  panel.title = "Fixed points in principal components";
  panel.caption =
      "Colour is the number of unstable directions; diamonds are slow points. Grey lines are the "
      "trajectories of the probe.";
  panel.file = all[0].path;
  panel.python =
      absl::StrCat(kLoad, PythonString(panel.file),
                   ")\nxstar = fp[\"xstar\"]\n"
                   "centred = xstar - xstar.mean(0)  # the page uses the components of the states\n"
                   "p = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T\n"
                   "plt.scatter(p[:, 0], p[:, 1], c=fp[\"n_unstable\"])\nplt.show()");
  std::vector<std::string> items;
  bool has_space = true;
  for (const FixedPoints& fixed : all) {
    const size_t index = static_cast<size_t>(fixed.portrait - portraits.shown.data());
    items.push_back(PointsJson(fixed, index));
    has_space = has_space && fixed.portrait->dims >= 3;
    if (fixed.points > kMaxDrawnPoints) {
      panel.notes.push_back(absl::StrCat("The first ", kMaxDrawnPoints, " of ", fixed.points,
                                         " points of ", fixed.path, " are drawn."));
    }
  }
  panel.scenes = has_space && place.free_scenes >= 1 ? 1 : 0;
  panel.data = JsonObject()
                   .Set("in_space", panel.scenes > 0 ? "true" : "false")
                   .Set("trajectories", JsonString(place.Id("trajectories")))
                   .Set("choices", JsonArray(items))
                   .Text();
  return panel;
}

Panel GraphPanel(const TaskPlace& place, const std::vector<FixedPoints>& all) {
  Panel panel;
  panel.id = place.Id("graph");
  panel.kind = "graph";
  panel.label = place.Label("e", "", "");
  panel.title = "Transitions between fixed points";
  std::vector<std::string> items;
  for (const FixedPoints& fixed : all) {
    if (!HasCube(fixed)) continue;
    items.push_back(GraphJson(fixed));
    if (panel.file.empty()) panel.file = fixed.path;
    if (fixed.outputs > 3) {
      panel.notes.push_back(absl::StrCat(fixed.path, " has ", fixed.outputs,
                                         " outputs; the first three place its nodes."));
    }
  }
  if (items.empty() || place.free_scenes < 2) {
    panel.missing = items.empty()
                        ? "No file of fixed points holds a transition graph with two or more "
                          "outputs, so there is no graph to draw."
                        : "The graph is not drawn: a page holds only so many three-dimensional "
                          "drawings at once.";
    return panel;
  }
  panel.scenes = 1;
  panel.caption =
      "Every node is a fixed point, placed at its readout rounded to whole numbers and coloured by "
      "its number of unstable directions; a line leads to a point where runs from beside it end, "
      "the wider the more of them.";
  panel.python = absl::StrCat(
      kLoad, PythonString(panel.file),
      ")\nplt.imshow(fp[\"transitions\"])  # share of runs from the row's node to the column's\n"
      "nodes = np.round(fp[\"readout\"][fp[\"node_point\"].astype(int)])\n"
      "plt.colorbar()\nplt.show()");
  panel.data = JsonObject().Set("choices", JsonArray(items)).Text();
  return panel;
}

Panel SpectrumPanel(const TaskPlace& place, const std::vector<FixedPoints>& all) {
  Panel panel;
  panel.id = place.Id("spectrum");
  panel.kind = "spectrum";
  panel.label = place.Label("", "d", "");
  panel.title = "Eigenvalues at the fixed points";
  std::vector<std::string> items;
  for (const FixedPoints& fixed : all) {
    if (fixed.eigenvalues.empty()) continue;
    items.push_back(SpectrumJson(fixed));
    if (panel.file.empty()) panel.file = fixed.path;
  }
  if (items.empty()) {
    panel.missing = "No file of fixed points holds eigenvalues (eigval_J_xstar).";
    return panel;
  }
  panel.caption = absl::StrCat(
      "Of the Jacobian of one step, in the complex plane with the unit circle: outside of it a "
      "direction is unstable. The ",
      kMaxEigenvalues, " largest of each point, at most ", kMaxSpectrumPoints, " points.");
  panel.python = absl::StrCat(kLoad, PythonString(panel.file),
                              ")\nvalues = fp[\"eigval_J_xstar\"].ravel()\n"
                              "plt.scatter(values.real, values.imag, s=4)\n"
                              "turn = np.exp(2j * np.pi * np.linspace(0, 1, 200))\n"
                              "plt.plot(turn.real, turn.imag)\nplt.show()");
  panel.data = JsonObject().Set("choices", JsonArray(items)).Text();
  return panel;
}

}  // namespace

std::vector<Panel> FixedPointPanels(const ResultsFolder& folder, const TaskPlace& place,
                                    const Portraits& portraits) {
  std::vector<FixedPoints> all;
  std::vector<std::string> notes;
  for (const Portrait& portrait : portraits.shown) {
    absl::StatusOr<FixedPoints> fixed = ReadFixedPoints(folder, portrait);
    if (!fixed.ok()) {
      notes.push_back(absl::StrCat("Not drawn: ", fixed.status().message(), "."));
    } else if (fixed->points == 0) {
      notes.push_back(absl::StrCat("Not drawn: ", fixed->path, " holds no fixed points."));
    } else {
      all.push_back(*std::move(fixed));
    }
  }
  if (all.empty()) {
    Panel panel;
    panel.id = place.Id("fixed-points");
    panel.label = place.Label("e", "d", "b");
    panel.title = "Fixed points in principal components";
    panel.missing = absl::StrCat("No fixed points of the networks above are in ", place.task,
                                 "/fixed_points, so neither they nor their graph are drawn.");
    panel.notes = std::move(notes);
    panel.columns = 6;
    return {std::move(panel)};
  }
  std::vector<Panel> panels = {PointsPanel(place, all, portraits)};
  panels[0].notes.insert(panels[0].notes.end(), notes.begin(), notes.end());
  const bool any_cube = std::any_of(all.begin(), all.end(), HasCube);
  if (any_cube || place.kind == "flip_flop") panels.push_back(GraphPanel(place, all));
  panels.push_back(SpectrumPanel(place, all));
  for (Panel& panel : panels) panel.columns = 6 / static_cast<int>(panels.size());
  return panels;
}

}  // namespace rnnfarm::figures
