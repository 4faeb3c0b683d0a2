// What a distance is worth: how far it moves by chance alone, and how far networks lie that have
// learnt nothing.
#ifndef RNNFARM_COORDINATOR_COMPARISON_BASELINES_H_
#define RNNFARM_COORDINATOR_COMPARISON_BASELINES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/statistics/controls.h"
#include "analysis/statistics/noise_floor.h"
#include "coordinator/comparison/distances.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

// Trained networks that a floor is measured on, evenly spread over the population.
inline constexpr int kFloorNetworks = 32;

struct Floor {
  std::string of;  // "halves of the probe", "samplings of a graph"
  analysis::NoiseFloor noise;
};

// Of states: the distances on the even trials of the probe against those on the odd ones. Of graphs
// in corresponding order: the distance between two samplings of the same graph (SamplingFloor);
// pairs is 0 then. Absent where there is no such thing: one trial, runs that all ended alike,
// graphs of unequal size. Errors of `read`.
absl::StatusOr<std::optional<Floor>> MeasureFloor(const ChosenMetric& settings,
                                                  const std::vector<v1::Network>& networks,
                                                  const MetricDistances& distances, int threads,
                                                  const ReadArtifact& read);

// Absent where no network compared is untrained.
std::optional<analysis::Controls> MeasureControls(const std::vector<v1::Network>& networks,
                                                  const MetricDistances& distances);

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_COORDINATOR_COMPARISON_BASELINES_H_
