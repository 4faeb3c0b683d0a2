#include "analysis/figures/report.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "analysis/figures/page.h"
#include "analysis/figures/panels.h"
#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {
namespace {

void Take(std::vector<Panel> panels, TaskPlace& place, TaskSection& section) {
  for (Panel& panel : panels) {
    place.free_scenes -= panel.scenes;
    section.panels.push_back(std::move(panel));
  }
}

TaskSection DrawTask(const ResultsFolder& folder, TaskPlace& place) {
  TaskSection section;
  section.task = place.task;
  const Portraits portraits = DrawPortraits(folder, place.task);
  Take({TrajectoriesPanel(folder, place, portraits)}, place, section);
  // As the paper has them: one comparison of states, the fixed points, the rest.
  std::vector<std::vector<Panel>> comparisons = SimilarityPanels(folder, place);
  Take(std::move(comparisons[0]), place, section);
  Take(FixedPointPanels(folder, place, portraits), place, section);
  for (size_t i = 1; i < comparisons.size(); ++i) Take(std::move(comparisons[i]), place, section);
  Take(TrainingPanels(folder, place), place, section);
  section.statistics =
      folder.Read(absl::StrCat(place.task, "/statistics.json")).value_or(std::string());
  return section;
}

}  // namespace

absl::StatusOr<std::string> RenderReport(const std::string& results_dir, const LiveState& live) {
  absl::StatusOr<ResultsFolder> folder = ResultsFolder::Open(results_dir);
  if (!folder.ok()) return folder.status();
  std::vector<TaskSection> sections;
  int free_scenes = kMaxScenes;
  for (const std::string& task : folder->tasks()) {
    TaskPlace place{task, static_cast<int>(sections.size()), folder->KindOf(task), free_scenes};
    sections.push_back(DrawTask(*folder, place));
    free_scenes = place.free_scenes;
  }
  return ComposePage(*folder, sections, live);
}

}  // namespace rnnfarm::figures
