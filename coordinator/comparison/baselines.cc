#include "coordinator/comparison/baselines.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "analysis/metric_registry.h"
#include "analysis/topology/graph.h"
#include "base/array_file.h"

namespace rnnfarm::comparison {
namespace {

constexpr char kGraphMetric[] = "fixed_point_graph";

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

absl::StatusOr<std::optional<Floor>> FloorOfStates(const MetricSettings& settings,
                                                   const std::vector<std::string>& files,
                                                   int threads) {
  auto metric = analysis::MakeMetric(settings.name, settings.settings);
  if (!metric.ok()) return metric.status();
  std::vector<analysis::Prepared> even, odd;
  for (const std::string& file : files) {
    auto halves = Halves(**metric, file);
    if (!halves) continue;
    even.push_back(std::move(halves->first));
    odd.push_back(std::move(halves->second));
  }
  const auto noise = analysis::MeasureNoiseFloor(analysis::MeasureAllPairs(**metric, even, threads),
                                                 analysis::MeasureAllPairs(**metric, odd, threads));
  if (!noise) return std::nullopt;
  return Floor{"halves of the probe", *noise};
}

std::optional<Floor> FloorOfGraphs(int runs, const std::vector<std::string>& files) {
  Floor floor{"samplings of a graph", {}};
  double sum = 0;
  for (const std::string& file : files) {
    const auto archive = base::Archive::Decode(file, "fixed_points");
    if (!archive.ok()) continue;
    const auto graph = analysis::LoadGraph(*archive, "fixed_points");
    if (!graph.ok()) continue;
    const double own = analysis::SamplingFloor(*graph, runs);
    sum += own;
    floor.noise.largest = std::max(floor.noise.largest, own);
    ++floor.noise.networks;
  }
  if (floor.noise.largest == 0) return std::nullopt;
  floor.noise.mean = sum / floor.noise.networks;
  return floor;
}

}  // namespace

absl::StatusOr<std::optional<Floor>> MeasureFloor(const MetricSettings& settings,
                                                  const std::vector<v1::Network>& networks,
                                                  const MetricDistances& distances, int threads,
                                                  const ReadArtifact& read) {
  const auto kind = analysis::FindMetric(settings.name);
  if (!kind.ok()) return kind.status();
  const bool of_states = (*kind)->input == analysis::MetricInput::kStates;
  if (!of_states && settings.name != kGraphMetric) return std::nullopt;
  std::vector<std::string> files;
  for (int network : Chosen(networks, distances)) {
    const auto& artifacts = networks[network].artifacts();
    auto bytes = read(artifacts.at(of_states ? "states" : "fixed_points"));
    if (!bytes.ok()) return bytes.status();
    files.push_back(*std::move(bytes));
  }
  if (of_states) return FloorOfStates(settings, files, threads);
  const auto complete = analysis::CompleteSettings(**kind, settings.settings);
  if (!complete.ok()) return complete.status();
  const int runs = static_cast<int>(complete->at("runs"));
  return runs < 2 ? std::nullopt : FloorOfGraphs(runs, files);
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
    if (!untrained[i] && found != control.end()) own_control[i] = found->second;
  }
  return analysis::MeasureControls(distances.distances, untrained, own_control);
}

}  // namespace rnnfarm::comparison
