#include "coordinator/comparison/baselines.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "analysis/for_each_index.h"
#include "analysis/metric_registry.h"
#include "analysis/topology/graph.h"
#include "base/array_file.h"

namespace rnnfarm::comparison {
namespace {

constexpr char kGraphMetric[] = "fixed_point_graph";

// The file of the i-th network chosen.
using ReadOf = std::function<absl::StatusOr<std::string>(int)>;

// At most kFloorNetworks of the trained networks compared (of all, where none is trained).
std::vector<int> Chosen(const std::vector<v1::Network>& networks,
                        const MetricDistances& distances) {
  std::vector<int> trained;
  for (int row : distances.rows) {
    if (!networks[row].untrained()) trained.push_back(row);
  }
  const std::vector<int>& from = trained.empty() ? distances.rows : trained;
  const size_t count = std::min<size_t>(from.size(), kFloorNetworks);
  std::vector<int> chosen;
  for (size_t k = 0; k < count; ++k) chosen.push_back(from[k * from.size() / count]);
  return chosen;
}

// Trials first, first + 2, … of (trials, time, units).
base::Array EverySecondTrial(const base::Array& states, int64_t first) {
  base::Array half = states;
  const size_t trial = states.data.size() / states.shape[0];
  half.data.clear();
  for (int64_t i = first; i < states.shape[0]; i += 2) {
    half.data.append(states.data, i * trial, trial);
  }
  half.shape[0] = (states.shape[0] - first + 1) / 2;
  return half;
}

// Both halves prepared; nothing for one trial, or a half that cannot be compared.
std::optional<std::pair<analysis::Prepared, analysis::Prepared>> Halves(
    const analysis::Metric& metric, const std::string& bytes) {
  const auto states = base::DecodeNpy(bytes, "states");
  if (!states.ok() || states->shape.size() != 3 || states->shape[0] < 2) return std::nullopt;
  auto even = metric.Prepare(base::EncodeNpy(EverySecondTrial(*states, 0)), "states");
  auto odd = metric.Prepare(base::EncodeNpy(EverySecondTrial(*states, 1)), "states");
  if (!even.ok() || !odd.ok()) return std::nullopt;
  return std::pair(*std::move(even), *std::move(odd));
}

// One file in memory at a time for each thread.
absl::StatusOr<std::optional<Floor>> FloorOfStates(const analysis::Metric& metric, int count,
                                                   const ReadOf& read, int threads) {
  std::vector<std::optional<std::pair<analysis::Prepared, analysis::Prepared>>> halves(count);
  std::vector<absl::Status> outcome(count);
  std::mutex reading;
  analysis::ForEachIndex(count, threads, [&](int64_t i) {
    absl::StatusOr<std::string> file;
    {
      std::lock_guard lock(reading);
      file = read(static_cast<int>(i));
    }
    outcome[i] = file.status();
    if (file.ok()) halves[i] = Halves(metric, *file);
  });
  std::vector<analysis::Prepared> even, odd;
  for (int i = 0; i < count; ++i) {
    if (!outcome[i].ok()) return outcome[i];
    if (!halves[i]) continue;
    even.push_back(std::move(halves[i]->first));
    odd.push_back(std::move(halves[i]->second));
  }
  const auto noise = analysis::MeasureNoiseFloor(analysis::MeasureAllPairs(metric, even, threads),
                                                 analysis::MeasureAllPairs(metric, odd, threads));
  if (!noise) return std::nullopt;
  return Floor{"halves of the probe", *noise};
}

absl::StatusOr<std::optional<Floor>> FloorOfGraphs(int runs, int count, const ReadOf& read) {
  Floor floor{"samplings of a graph", {}};
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const auto file = read(i);
    if (!file.ok()) return file.status();
    const auto archive = base::Archive::Decode(*file, "fixed_points");
    if (!archive.ok()) continue;
    const auto adjacency = analysis::LoadAdjacency(*archive, "fixed_points");
    if (!adjacency.ok()) continue;
    const double own = analysis::SamplingFloor(*adjacency, runs);
    sum += own;
    floor.noise.largest = std::max(floor.noise.largest, own);
    ++floor.noise.networks;
  }
  if (floor.noise.largest == 0) return std::nullopt;
  floor.noise.mean = sum / floor.noise.networks;
  return floor;
}

}  // namespace

absl::StatusOr<std::optional<Floor>> MeasureFloor(const ChosenMetric& settings,
                                                  const std::vector<v1::Network>& networks,
                                                  const MetricDistances& distances, int threads,
                                                  const ReadArtifact& read) {
  const auto kind = analysis::FindMetric(settings.name);
  if (!kind.ok()) return kind.status();
  const bool of_states = (*kind)->input == analysis::MetricInput::kStates;
  if (!of_states && settings.name != kGraphMetric) return std::nullopt;
  const auto complete = analysis::CompleteSettings(**kind, settings.settings);
  if (!complete.ok()) return complete.status();
  const std::vector<int> chosen = Chosen(networks, distances);
  const int count = static_cast<int>(chosen.size());
  const auto read_chosen = [&](int i) {
    return read(networks[chosen[i]].artifacts().at(analysis::RoleOf((*kind)->input)));
  };
  if (of_states) return FloorOfStates(*(*kind)->make(*complete), count, read_chosen, threads);
  const int runs = static_cast<int>(complete->at("runs"));
  if (runs < 2) return std::nullopt;
  return FloorOfGraphs(runs, count, read_chosen);
}

std::optional<analysis::Controls> MeasureControls(const std::vector<v1::Network>& networks,
                                                  const MetricDistances& distances) {
  const size_t n = distances.rows.size();
  std::vector<char> untrained(n);
  std::vector<int> own_control(n, -1);
  std::map<std::pair<std::string, int64_t>, int> control;  // by configuration and seed
  for (size_t i = 0; i < n; ++i) {
    const v1::Network& network = networks[distances.rows[i]];
    untrained[i] = network.untrained();
    if (untrained[i]) control[{network.configuration(), network.seed()}] = static_cast<int>(i);
  }
  if (control.empty()) return std::nullopt;
  for (size_t i = 0; i < n; ++i) {
    const v1::Network& network = networks[distances.rows[i]];
    const auto found = control.find({network.configuration(), network.seed()});
    // With another seed it began elsewhere than its control.
    const bool has_own = !untrained[i] && network.reseeds() == 0 && found != control.end();
    if (has_own) own_control[i] = found->second;
  }
  return analysis::MeasureControls(distances.distances, untrained, own_control);
}

}  // namespace rnnfarm::comparison
