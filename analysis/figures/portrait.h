// The networks that stand for their kind in a task's figures, seen in their principal components.
#ifndef RNNFARM_ANALYSIS_FIGURES_PORTRAIT_H_
#define RNNFARM_ANALYSIS_FIGURES_PORTRAIT_H_

#include <string>
#include <vector>

#include "analysis/figures/principal_components.h"
#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {

// One network for each architecture and activation.
struct Portrait {
  int network = 0;  // row of ResultsFolder::networks()
  PrincipalComponents components;
  int trials = 0, steps = 0, dims = 0;  // of `points`
  std::vector<float> points;            // trials x steps x dims, thinned for drawing
};

struct Portraits {
  std::vector<Portrait> shown;     // by architecture, then activation
  std::vector<std::string> notes;  // what is left out, and why
};

// Bounds on what a page holds; the files hold everything.
inline constexpr int kMaxPortraits = 16;
inline constexpr int kMaxDrawnTrials = 20;
inline constexpr int kMaxDrawnSteps = 250;
inline constexpr int kPortraitDims = 3;

// Of each architecture and activation the trained network with the lowest validation loss whose
// states are there, networks that take part in the comparison first.
Portraits DrawPortraits(const ResultsFolder& folder, const std::string& task);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_PORTRAIT_H_
