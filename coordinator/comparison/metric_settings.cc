#include "coordinator/comparison/metric_settings.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rnnfarm::comparison {
namespace {

constexpr double kDefaultVariance = 0.95;
constexpr int kDefaultGraphRuns = 100;
constexpr double kDefaultGraphEpsilon = 0.05;

absl::StatusOr<MetricSettings> Resolve(const v1::Metric& metric) {
  switch (metric.kind_case()) {
    case v1::Metric::kSvcca: {
      const v1::Svcca& svcca = metric.svcca();
      return MetricSettings{
          "svcca", {{"variance", svcca.has_variance() ? svcca.variance() : kDefaultVariance}}};
    }
    case v1::Metric::kCka:
      return MetricSettings{"cka", {{"debiased", metric.cka().debiased() ? 1.0 : 0.0}}};
    case v1::Metric::kProcrustes:
      return MetricSettings{"procrustes", {}};
    case v1::Metric::kFixedPointGraph: {
      const v1::FixedPointGraph& graph = metric.fixed_point_graph();
      return MetricSettings{
          kFixedPointGraph,
          {{"runs", graph.has_runs() ? graph.runs() : kDefaultGraphRuns},
           {"epsilon", graph.has_epsilon() ? graph.epsilon() : kDefaultGraphEpsilon}}};
    }
    case v1::Metric::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "analysis.metric names no metric; use svcca, cka, procrustes or fixed_point_graph");
}

v1::Analysis AllMetrics() {
  v1::Analysis analysis;
  analysis.add_metric()->mutable_svcca();
  analysis.add_metric()->mutable_cka();
  analysis.add_metric()->mutable_procrustes();
  analysis.add_metric()->mutable_fixed_point_graph();
  return analysis;
}

}  // namespace

absl::StatusOr<std::vector<MetricSettings>> ResolveMetrics(const v1::Analysis& analysis) {
  if (analysis.metric().empty()) return ResolveMetrics(AllMetrics());
  std::vector<MetricSettings> out;
  std::set<std::string> names;
  for (const v1::Metric& metric : analysis.metric()) {
    auto settings = Resolve(metric);
    if (!settings.ok()) return settings.status();
    if (!names.insert(settings->name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("analysis.metric names ", settings->name, " twice; keep one of them"));
    }
    out.push_back(*std::move(settings));
  }
  return out;
}

}  // namespace rnnfarm::comparison
