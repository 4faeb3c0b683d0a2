#include "coordinator/comparison/comparison.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/comparison/distances.h"
#include "coordinator/comparison/metric_settings.h"
#include "coordinator/comparison/result_files.h"

namespace rnnfarm::comparison {
namespace {

// Share of a metric's work that its distances take; the rest are embedding and statistics.
constexpr double kDistancesShare = 0.8;
constexpr double kEmbeddingShare = 0.95;

using Progress = std::function<bool(absl::string_view phase, double share)>;

analysis::MdsOptions MdsOptionsOf(const v1::Mds& mds) {
  analysis::MdsOptions options;
  if (mds.has_dims()) options.dims = mds.dims();
  if (mds.has_iterations()) options.max_iterations = mds.iterations();
  return options;
}

// Those that take no part, with the reason.
std::vector<std::pair<std::string, std::string>> Apart(const std::vector<v1::Network>& networks) {
  std::vector<std::pair<std::string, std::string>> apart;
  for (const v1::Network& network : networks) {
    if (network.included()) continue;
    apart.emplace_back(network.key(), network.excluded_reason().empty()
                                          ? "it is not part of the population compared"
                                          : network.excluded_reason());
  }
  return apart;
}

absl::StatusOr<MetricResult> CompareBy(const ChosenMetric& settings, const TaskResult& task,
                                       const Input& input, const ReadArtifact& read,
                                       const std::function<bool(double)>& share_done) {
  analysis::PairwiseOptions options = input.pairs;
  options.share_done = [&](double share) { return share_done(kDistancesShare * share); };
  auto distances = MeasureDistances(settings, task.networks, read, options);
  if (!distances.ok()) return distances.status();
  MetricResult result;
  result.settings = settings;
  result.distances = *std::move(distances);
  if (result.distances.rows.size() < 2) return result;
  analysis::MdsOptions mds = task.mds;
  mds.threads = input.pairs.threads;
  auto embedding = analysis::EmbedMds(result.distances.distances, mds);
  if (!embedding.ok()) {
    return absl::Status(
        embedding.status().code(),
        absl::StrCat("embedding by ", settings.name, ": ", embedding.status().message()));
  }
  result.embedding = *std::move(embedding);
  if (!share_done(kEmbeddingShare)) return absl::CancelledError("the comparison was cancelled");
  result.separations = MeasureSeparations(task.networks, result.distances);
  result.controls = MeasureControls(task.networks, result.distances);
  auto floor = MeasureFloor(settings, task.networks, result.distances, input.pairs.threads, read);
  if (!floor.ok()) return floor.status();
  result.floor = *std::move(floor);
  return result;
}

void CompareMetrics(TaskResult& task) {
  for (size_t a = 0; a < task.metrics.size(); ++a) {
    for (size_t b = a + 1; b < task.metrics.size(); ++b) {
      if (!task.metrics[a].embedding || !task.metrics[b].embedding) continue;
      task.agreements.push_back(
          {task.metrics[a].settings.name, task.metrics[b].settings.name,
           MeasureAgreement(task.networks, task.metrics[a].distances, task.metrics[b].distances)});
    }
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> Compare(const Input& input,
                                                           const ReadArtifact& read,
                                                           const Progress& progress) {
  auto metrics = ResolveMetrics(input.spec.analysis());
  if (!metrics.ok()) return metrics.status();
  TaskResult task;
  task.task = input.task;
  task.mds = MdsOptionsOf(input.spec.analysis().mds());
  task.networks = input.networks;
  task.apart = Apart(input.networks);
  const double count = static_cast<double>(metrics->size());
  for (const ChosenMetric& settings : *metrics) {
    const double done = static_cast<double>(task.metrics.size());
    auto share_done = [&](double share) { return progress(settings.name, (done + share) / count); };
    if (!share_done(0)) return absl::CancelledError("the comparison was cancelled");
    auto result = CompareBy(settings, task, input, read, share_done);
    if (!result.ok()) return result.status();
    task.metrics.push_back(*std::move(result));
  }
  CompareMetrics(task);
  if (!progress("files", 1)) return absl::CancelledError("the comparison was cancelled");
  return ResultFiles(task);
}

int CompleteBlocks(const std::vector<v1::Network>& networks) {
  int complete = 0;
  for (size_t first = 0; first + analysis::kTileSide <= networks.size();
       first += analysis::kTileSide) {
    const auto begin = networks.begin() + static_cast<int64_t>(first);
    complete += std::all_of(begin, begin + analysis::kTileSide, HasEnded);
  }
  return complete;
}

absl::Status CompareAhead(const Input& input, const ReadArtifact& read,
                          const std::function<bool()>& go_on) {
  auto metrics = ResolveMetrics(input.spec.analysis());
  if (!metrics.ok()) return metrics.status();
  analysis::PairwiseOptions options = input.pairs;
  options.go_on = go_on;
  for (const ChosenMetric& settings : *metrics) {
    absl::Status status = PrepareDistances(settings, input.networks, read, options);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::comparison
