#include "coordinator/comparison/comparison.h"

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

// Splits the networks into those that take part and those that are apart, with the reason.
void ChooseNetworks(const Input& input, TaskResult& result) {
  for (const v1::Network& network : input.networks) {
    if (network.included()) {
      result.networks.push_back(network);
    } else {
      result.apart.emplace_back(network.key(), network.excluded_reason().empty()
                                                   ? "it is not part of the population compared"
                                                   : network.excluded_reason());
    }
  }
}

absl::StatusOr<MetricResult> CompareBy(const MetricSettings& settings, const TaskResult& task,
                                       int threads, const ReadArtifact& read,
                                       const ShareDone& share_done) {
  auto distances = MeasureDistances(settings, task.networks, threads, read, [&](double share) {
    return share_done(kDistancesShare * share);
  });
  if (!distances.ok()) return distances.status();
  MetricResult result;
  result.settings = settings;
  result.distances = *std::move(distances);
  if (result.distances.rows.size() < 2) return result;
  auto embedding = analysis::EmbedMds(result.distances.distances, task.mds);
  if (!embedding.ok()) {
    return absl::Status(
        embedding.status().code(),
        absl::StrCat("embedding by ", settings.name, ": ", embedding.status().message()));
  }
  result.embedding = *std::move(embedding);
  if (!share_done(kEmbeddingShare)) return absl::CancelledError("the comparison was cancelled");
  result.separations = MeasureSeparations(task.networks, result.distances);
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

absl::StatusOr<std::map<std::string, std::string>> Compare(
    const Input& input,
    const std::function<absl::StatusOr<std::string>(const std::string& digest)>& read,
    const Progress& progress) {
  auto metrics = ResolveMetrics(input.spec.analysis());
  if (!metrics.ok()) return metrics.status();
  TaskResult task;
  task.task = input.task;
  task.mds = MdsOptionsOf(input.spec.analysis().mds());
  ChooseNetworks(input, task);
  const double count = static_cast<double>(metrics->size());
  for (const MetricSettings& settings : *metrics) {
    const double done = static_cast<double>(task.metrics.size());
    auto share_done = [&](double share) { return progress(settings.name, (done + share) / count); };
    if (!share_done(0)) return absl::CancelledError("the comparison was cancelled");
    auto result = CompareBy(settings, task, input.threads, read, share_done);
    if (!result.ok()) return result.status();
    task.metrics.push_back(*std::move(result));
  }
  CompareMetrics(task);
  if (!progress("files", 1)) return absl::CancelledError("the comparison was cancelled");
  return ResultFiles(task);
}

}  // namespace rnnfarm::comparison
