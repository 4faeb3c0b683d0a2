// A matrix of distances with the networks of its rows, in the order in which figures show them.
#ifndef RNNFARM_ANALYSIS_FIGURES_DISTANCE_MATRIX_H_
#define RNNFARM_ANALYSIS_FIGURES_DISTANCE_MATRIX_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "analysis/figures/results_folder.h"
#include "base/array_file.h"

namespace rnnfarm::figures {

struct DistanceMatrix {
  base::Array array;              // N x N float32
  std::vector<Network> networks;  // of its rows
  std::vector<int> order;         // rows as they stand in figures (StandsBefore)

  // C order.
  absl::Span<const float> values() const { return *array.As<float>(); }
};

// <task>/distances/<metric>.npy, relative to the folder of results.
std::string DistancesPath(const std::string& task, const std::string& metric);

// NOT_FOUND without the file or for fewer than two networks, INVALID_ARGUMENT for what does not
// fit its index.
absl::StatusOr<DistanceMatrix> ReadDistances(const ResultsFolder& folder, const std::string& task,
                                             const std::string& metric);

}  // namespace rnnfarm::figures

#endif  // RNNFARM_ANALYSIS_FIGURES_DISTANCE_MATRIX_H_
