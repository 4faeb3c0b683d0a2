// The figures of one task. Each function always gives a panel: where its files are missing or
// broken, one with a sentence that says so.
#ifndef RNNFARM_ANALYSIS_FIGURES_PANELS_H_
#define RNNFARM_ANALYSIS_FIGURES_PANELS_H_

#include <string>
#include <vector>

#include "analysis/figures/panel.h"
#include "analysis/figures/portrait.h"
#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {

// Panels 1b, 2b, 3b: states on the probe in the first principal components.
Panel TrajectoriesPanel(const ResultsFolder& folder, const TaskPlace& place,
                        const Portraits& portraits);

// Panel 1e and its like: fixed points in the same components, the graph between them, and the
// eigenvalues of the linear maps around them.
std::vector<Panel> FixedPointPanels(const ResultsFolder& folder, const TaskPlace& place,
                                    const Portraits& portraits);

// A matrix and its embedding for every metric (1c, 1d, 1f and their like), SVCCA first, at least
// one metric.
std::vector<std::vector<Panel>> SimilarityPanels(const ResultsFolder& folder,
                                                 const TaskPlace& place);

// Loss against iteration, and final validation losses.
std::vector<Panel> TrainingPanels(const ResultsFolder& folder, const TaskPlace& place);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_PANELS_H_
