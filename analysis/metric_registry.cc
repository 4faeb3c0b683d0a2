#include "analysis/metric_registry.h"

#include <charconv>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/similarity/kinds.h"
#include "analysis/topology/kinds.h"

namespace rnnfarm::analysis {

const std::vector<MetricKind>& MetricKinds() {
  static const auto& kinds = *new std::vector<MetricKind>{SvccaKind(),
                                                          CcaKind(),
                                                          CkaKind(),
                                                          ProcrustesKind(),
                                                          DsaKind(),
                                                          FixedPointGraphKind(),
                                                          GromovWassersteinKind()};
  return kinds;
}

std::vector<std::string> MetricNames() {
  std::vector<std::string> names;
  for (const MetricKind& kind : MetricKinds()) names.emplace_back(kind.name);
  return names;
}

absl::StatusOr<const MetricKind*> FindMetric(absl::string_view name) {
  for (const MetricKind& kind : MetricKinds()) {
    if (name == kind.name) return &kind;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown metric ", name, "; there are ", absl::StrJoin(MetricNames(), ", ")));
}

namespace {

absl::Status CheckOption(const MetricKind& kind, const MetricOption& option, double value) {
  const bool in_range = option.above_min ? value > option.min : value >= option.min;
  if (in_range && value <= option.max && (!option.whole || value == std::floor(value))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      kind.name, ": ", option.name, " is ", value, "; it must be ", option.whole ? "whole, " : "",
      option.above_min ? "above " : "at least ", option.min, " and at most ", option.max));
}

}  // namespace

absl::StatusOr<MetricSettings> CompleteSettings(const MetricKind& kind,
                                                const MetricSettings& given) {
  MetricSettings settings;
  for (const MetricOption& option : kind.options) {
    const auto found = given.find(option.name);
    const double value = found == given.end() ? option.fallback : found->second;
    if (absl::Status status = CheckOption(kind, option, value); !status.ok()) return status;
    settings[option.name] = value;
  }
  for (const auto& [name, value] : given) {
    if (settings.count(name) > 0) continue;
    std::vector<std::string> names;
    for (const MetricOption& option : kind.options) names.emplace_back(option.name);
    return absl::InvalidArgumentError(
        absl::StrCat("metric ", kind.name, " has no option ", name, "; it takes ",
                     names.empty() ? "none" : absl::StrJoin(names, ", ")));
  }
  return settings;
}

std::string IdentityOf(const MetricKind& kind, const MetricSettings& settings) {
  std::string text = kind.name;
  for (const auto& [name, value] : settings) {
    // The shortest that reads back as the same number: no two values share it.
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    absl::StrAppend(&text, " ", name, "=", absl::string_view(digits, end - digits));
  }
  return text;
}

absl::StatusOr<std::unique_ptr<Metric>> MakeMetric(absl::string_view name,
                                                   const MetricSettings& given) {
  auto kind = FindMetric(name);
  if (!kind.ok()) return kind.status();
  auto settings = CompleteSettings(**kind, given);
  if (!settings.ok()) return settings.status();
  return (*kind)->make(*settings);
}

}  // namespace rnnfarm::analysis
