// Whether all fixed points were found: what each network's certificate says, as a part of the page.
#ifndef RNNFARM_ANALYSIS_FIGURES_CERTIFICATES_H_
#define RNNFARM_ANALYSIS_FIGURES_CERTIFICATES_H_

#include <string>

#include "analysis/figures/results_folder.h"

namespace rnnfarm::figures {

// A row for each task, architecture and activation with the number of networks of each verdict (the
// worst of a network's conditions), and every network whose certificate fails or that has no fixed
// point, with its numbers. Empty where networks.csv tells no verdict.
std::string CertificatesHtml(const ResultsFolder& folder);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_CERTIFICATES_H_
