// The sweep file and the registry of metrics say the same.
#include "coordinator/comparison/metric_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/metric_registry.h"
#include "coordinator/population/population.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::comparison {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

v1::Analysis Only(const std::string& name) {
  v1::Analysis analysis;
  v1::Metric& metric = *analysis.add_metric();
  metric.GetReflection()->MutableMessage(&metric, v1::Metric::descriptor()->FindFieldByName(name));
  return analysis;
}

TEST(MetricSettingsTest, EveryMetricCanBeNamedInASweep) {
  EXPECT_THAT(population::MetricNames(), UnorderedElementsAreArray(analysis::MetricNames()));
}

TEST(MetricSettingsTest, OptionsHaveOneNameOneDefaultAndOneRange) {
  for (const analysis::MetricKind& kind : analysis::MetricKinds()) {
    const auto resolved = ResolveMetrics(Only(kind.name));
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_EQ(resolved->front().name, kind.name);
    EXPECT_EQ(resolved->front().settings, analysis::CompleteSettings(kind, {}).value());
    const auto& message = *v1::Metric::descriptor()->FindFieldByName(kind.name)->message_type();
    ASSERT_EQ(message.field_count(), kind.options.size()) << kind.name;
    for (const analysis::MetricOption& option : kind.options) {
      const auto* field = message.FindFieldByName(option.name);
      ASSERT_NE(field, nullptr) << kind.name << " " << option.name;
      const population::NumberRule* rule = population::FindRule(*field);
      ASSERT_NE(rule, nullptr) << kind.name << " " << option.name;
      EXPECT_EQ(rule->fallback, option.fallback) << kind.name << " " << option.name;
      EXPECT_EQ(rule->min, option.min) << kind.name << " " << option.name;
      EXPECT_EQ(rule->max, option.max) << kind.name << " " << option.name;
      EXPECT_EQ(rule->above_min, option.above_min) << kind.name << " " << option.name;
    }
  }
}

TEST(MetricSettingsTest, WhatIsGivenIsTaken) {
  v1::Analysis analysis;
  analysis.add_metric()->mutable_svcca()->set_components(7);
  analysis.add_metric()->mutable_cka()->set_debiased(true);
  analysis.add_metric()->mutable_procrustes()->set_alpha(0.25);
  const auto resolved = ResolveMetrics(analysis);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ((*resolved)[0].settings.at("components"), 7);
  EXPECT_EQ((*resolved)[1].settings.at("debiased"), 1);
  EXPECT_EQ((*resolved)[2].settings.at("alpha"), 0.25);
  analysis.add_metric();
  EXPECT_THAT(std::string(ResolveMetrics(analysis).status().message()), HasSubstr("use one of"));
}

}  // namespace
}  // namespace rnnfarm::comparison
