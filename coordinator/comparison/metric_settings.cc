#include "coordinator/comparison/metric_settings.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/metric_registry.h"
#include "coordinator/population/population.h"

namespace rnnfarm::comparison {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The message's fields have the names of the metric's options.
std::map<std::string, double> GivenSettings(const Message& message) {
  std::map<std::string, double> given;
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (!reflection.HasField(message, field)) continue;
    double& value = given[field->name()];
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        value = reflection.GetBool(message, field) ? 1 : 0;
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        value = reflection.GetInt32(message, field);
        break;
      default:
        value = reflection.GetDouble(message, field);
        break;
    }
  }
  return given;
}

absl::StatusOr<ChosenMetric> Resolve(const v1::Metric& metric) {
  const std::string name = population::MetricName(metric);
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("analysis.metric names no metric; use one of ",
                                                   absl::StrJoin(analysis::MetricNames(), ", ")));
  }
  auto kind = analysis::FindMetric(name);
  if (!kind.ok()) return kind.status();
  const auto* field = v1::Metric::descriptor()->FindFieldByName(name);
  auto settings = analysis::CompleteSettings(
      **kind, GivenSettings(metric.GetReflection()->GetMessage(metric, field)));
  if (!settings.ok()) return settings.status();
  return ChosenMetric{name, *std::move(settings)};
}

}  // namespace

absl::StatusOr<std::vector<ChosenMetric>> ResolveMetrics(const v1::Analysis& analysis) {
  v1::SweepSpec spec;
  *spec.mutable_analysis() = analysis;
  std::vector<ChosenMetric> out;
  std::set<std::string> names;
  spec = population::WithDefaults(spec);
  for (const v1::Metric& metric : spec.analysis().metric()) {
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
