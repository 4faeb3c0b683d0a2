#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analysis/figures/json_text.h"
#include "analysis/figures/panels.h"

namespace rnnfarm::figures {
namespace {

std::string PortraitJson(const Portrait& portrait) {
  const Eigen::VectorXd& explained = portrait.components.explained;
  return JsonObject()
      .Set("network", absl::StrCat(portrait.network))
      .Set("trials", absl::StrCat(portrait.trials))
      .Set("steps", absl::StrCat(portrait.steps))
      .Set("dims", absl::StrCat(portrait.dims))
      .Set("points", JsonFloats(portrait.points))
      .Set("explained", JsonNumbers({explained.data(), static_cast<size_t>(explained.size())}))
      .Text();
}

std::string Python(const std::string& path, bool in_space) {
  const std::string head = absl::StrCat(
      "import numpy as np, matplotlib.pyplot as plt\n"
      "states = np.load(",
      PythonString(path),
      ").astype(float)  # trials x time x units\n"
      "flat = states.reshape(-1, states.shape[-1])\n"
      "mean = flat.mean(0)\n"
      "variance, axes = np.linalg.eigh(np.cov((flat - mean).T))\n"
      "p = (states - mean) @ axes[:, ::-1][:, :3]\n");
  return absl::StrCat(head,
                      in_space ? "ax = plt.figure().add_subplot(projection=\"3d\")\n"
                                 "for trial in p:\n"
                                 "    ax.plot(trial[:, 0], trial[:, 1], trial[:, 2], lw=0.5)\n"
                               : "for trial in p:\n"
                                 "    plt.plot(trial[:, 0], trial[:, 1], lw=0.5)\n",
                      "plt.show()");
}

}  // namespace

Panel TrajectoriesPanel(const ResultsFolder& folder, const TaskPlace& place,
                        const Portraits& portraits) {
  Panel panel;
  panel.id = place.Id("trajectories");
  panel.kind = "trajectories";
  panel.label = place.Label("b", "b", "b");
  panel.title = "States on the probe, in principal components";
  panel.columns = 6;
  panel.notes = portraits.notes;
  if (portraits.shown.empty()) {
    panel.missing = absl::StrCat("No states of trained networks are in ", place.task,
                                 "/states, so there are no trajectories to draw.");
    return panel;
  }
  const int count = static_cast<int>(portraits.shown.size());
  const bool has_space = std::all_of(portraits.shown.begin(), portraits.shown.end(),
                                     [](const Portrait& p) { return p.dims >= 3; });
  const bool in_space = place.kind == "flip_flop" && has_space && count <= place.free_scenes;
  const bool by_trial = place.kind == "sine_wave";
  panel.scenes = in_space ? count : 0;
  panel.caption = absl::StrCat(
      "For each architecture and activation the trained network with the lowest validation loss. ",
      "Each line is one trial of the probe, in the network's own first ",
      in_space ? "three" : "two", " principal components; at most ", kMaxDrawnTrials,
      " trials are drawn.",
      by_trial ? " Colour goes with the command, from the slowest (dark) to the fastest (yellow)."
               : "");
  panel.file =
      ResultsFolder::NetworkPath(folder.networks()[portraits.shown[0].network], "states", ".npy");
  panel.python = Python(panel.file, in_space);
  std::vector<std::string> items;
  for (const Portrait& portrait : portraits.shown) items.push_back(PortraitJson(portrait));
  panel.data = JsonObject()
                   .Set("in_space", in_space ? "true" : "false")
                   .Set("by_trial", by_trial ? "true" : "false")
                   .Set("portraits", JsonArray(items))
                   .Text();
  return panel;
}

}  // namespace rnnfarm::figures
