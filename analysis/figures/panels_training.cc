#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/panels.h"

namespace rnnfarm::figures {
namespace {

// Bounds on what a page holds; the files hold everything.
constexpr size_t kMaxLossCurves = 48;
constexpr int64_t kMaxCurvePoints = 200;

// Trained networks of the task that have a file, each kind of network in turn, so that the first
// few show every kind.
std::vector<int> ChooseCurves(const ResultsFolder& folder, const std::string& task) {
  const std::vector<Network>& all = folder.networks();
  std::map<std::pair<std::string, std::string>, int> seen;
  std::vector<std::pair<int, int>> turns;  // turn of its kind, row
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].task != task || all[i].untrained) continue;
    if (!folder.Has(ResultsFolder::NetworkPath(all[i], "networks", ".npz"))) continue;
    const int turn = seen[{all[i].architecture, all[i].activation}]++;
    turns.emplace_back(turn, static_cast<int>(i));
  }
  std::stable_sort(turns.begin(), turns.end());
  std::vector<int> chosen;
  for (const auto& [turn, row] : turns) chosen.push_back(row);
  return chosen;
}

absl::StatusOr<std::string> CurveJson(const ResultsFolder& folder, int network) {
  const std::string path =
      ResultsFolder::NetworkPath(folder.networks()[network], "networks", ".npz");
  absl::StatusOr<base::Archive> archive = folder.ReadArchive(path);
  if (!archive.ok()) return archive.status();
  const absl::StatusOr<const base::Array*> curve = archive->Find("loss_curve", {-1, 3});
  if (!curve.ok()) return curve.status();
  absl::StatusOr<std::vector<double>> values = (*curve)->ToDoubles();
  if (!values.ok()) return values.status();
  const int64_t points = (*curve)->shape[0];
  const int64_t drawn = std::min(points, kMaxCurvePoints);
  std::vector<float> iteration, training, validation;
  for (int64_t i = 0; i < drawn; ++i) {
    const int64_t row = drawn == 1 ? 0 : i * (points - 1) / (drawn - 1);
    iteration.push_back(static_cast<float>((*values)[3 * row]));
    training.push_back(static_cast<float>((*values)[3 * row + 1]));
    validation.push_back(static_cast<float>((*values)[3 * row + 2]));
  }
  return JsonObject()
      .Set("network", absl::StrCat(network))
      .Set("iteration", JsonFloats(iteration))
      .Set("training", JsonFloats(training))
      .Set("validation", JsonFloats(validation))
      .Text();
}

Panel LossCurvesPanel(const ResultsFolder& folder, const TaskPlace& place) {
  Panel panel;
  panel.id = place.Id("loss-curves");
  panel.kind = "loss_curves";
  panel.title = "Loss during training";
  const std::vector<int> chosen = ChooseCurves(folder, place.task);
  std::vector<std::string> items;
  for (size_t i = 0; i < chosen.size() && i < kMaxLossCurves; ++i) {
    absl::StatusOr<std::string> curve = CurveJson(folder, chosen[i]);
    if (!curve.ok()) {
      panel.notes.push_back(absl::StrCat("Not drawn: ", curve.status().message(), "."));
      continue;
    }
    if (items.empty()) {
      panel.file = ResultsFolder::NetworkPath(folder.networks()[chosen[i]], "networks", ".npz");
    }
    items.push_back(*std::move(curve));
  }
  if (items.empty()) {
    panel.missing =
        absl::StrCat("No trained networks with a loss curve are in ", place.task, "/networks.");
    return panel;
  }
  panel.caption =
      "Validation loss without the L2 term (mean squared error); dashed lines are relu networks.";
  if (chosen.size() > kMaxLossCurves) {
    panel.notes.push_back(
        absl::StrCat(kMaxLossCurves, " of ", chosen.size(), " networks are drawn."));
  }
  panel.python = absl::StrCat(
      "import numpy as np, matplotlib.pyplot as plt\n"
      "iteration, training, validation = np.load(",
      PythonString(panel.file),
      ")[\"loss_curve\"].T\n"
      "plt.semilogy(iteration, validation)\nplt.show()");
  panel.data = JsonObject().Set("curves", JsonArray(items)).Text();
  return panel;
}

Panel FinalLossesPanel(const ResultsFolder& folder, const TaskPlace& place) {
  Panel panel;
  panel.id = place.Id("final-losses");
  panel.kind = "final_losses";
  panel.title = "Validation loss of the trained networks";
  std::vector<int> rows;
  const std::vector<Network>& all = folder.networks();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].task == place.task && !all[i].untrained && all[i].validation_loss > 0) {
      rows.push_back(static_cast<int>(i));
    }
  }
  if (rows.empty()) {
    panel.missing = "networks.csv holds no validation loss of a trained network of this task.";
    return panel;
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int a, int b) { return StandsBefore(all[a], all[b]); });
  panel.caption = "Mean squared error on the fixed validation trials, without the L2 term.";
  panel.file = "networks.csv";
  panel.python = absl::StrCat(
      "import csv, numpy as np, matplotlib.pyplot as plt\n"
      "rows = [r for r in csv.DictReader(open(\"networks.csv\")) if r[\"task\"] == ",
      PythonString(place.task),
      " and r[\"validation_loss\"]]\n"
      "plt.hist([np.log10(float(r[\"validation_loss\"])) for r in rows], bins=30)\nplt.show()");
  panel.data = JsonObject().Set("networks", JsonIntegers(rows)).Text();
  return panel;
}

}  // namespace

std::vector<Panel> TrainingPanels(const ResultsFolder& folder, const TaskPlace& place) {
  return {LossCurvesPanel(folder, place), FinalLossesPanel(folder, place)};
}

}  // namespace rnnfarm::figures
