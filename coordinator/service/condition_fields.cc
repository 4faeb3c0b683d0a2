#include "coordinator/service/condition_fields.h"

#include <google/protobuf/descriptor.h>

#include <string>

#include "base/enum_word.h"
#include "base/shown_values.h"

namespace rnnfarm::service {
namespace {

template <typename Each>
FieldValue OfConditions(const v1::FixedPointSummary& summary, const Each& each) {
  std::vector<decltype(each(summary.conditions(0)))> values;
  for (const v1::ConditionSummary& condition : summary.conditions()) {
    values.push_back(each(condition));
  }
  if (values.empty()) return {};
  return values;
}

std::string Verdict(const v1::ConditionSummary& condition) {
  return base::EnumWord(v1::Verdict_Name(condition.verdict()), "VERDICT_");
}

Field WithoutOrder(const std::string& name) {
  Field field{name};
  field.no_order = true;
  return field;
}

}  // namespace

std::vector<Field> ConditionFields() {
  return {WithoutOrder("fixed_points"),
          {"index_sum", true},
          {"certified", false, {"true", "false"}},
          {"verdict", false, base::EnumWords(*v1::Verdict_descriptor(), "VERDICT_")},
          {"starts", true},
          {"converged", true},
          WithoutOrder("rejected"),
          {"estimated_unseen", true},
          {"largest_q", true}};
}

FieldValue ReadConditionField(const v1::FixedPointSummary& summary, absl::string_view field) {
  using Condition = v1::ConditionSummary;
  if (field == "fixed_points") return OfConditions(summary, base::PointsByIndex);
  if (field == "rejected") return OfConditions(summary, base::RejectedText);
  if (field == "verdict") return OfConditions(summary, Verdict);
  if (field == "certified") {
    return OfConditions(
        summary, [](const Condition& c) { return std::string(c.certified() ? "true" : "false"); });
  }
  const auto numbers = [&summary](const auto& each) {
    return OfConditions(summary,
                        [&each](const Condition& c) { return static_cast<double>(each(c)); });
  };
  if (field == "index_sum") return numbers([](const Condition& c) { return c.index_sum(); });
  if (field == "starts") return numbers([](const Condition& c) { return c.starts(); });
  if (field == "converged") return numbers([](const Condition& c) { return c.converged(); });
  if (field == "estimated_unseen") {
    return numbers([](const Condition& c) { return c.estimated_unseen(); });
  }
  if (field == "largest_q") return numbers([](const Condition& c) { return c.largest_q(); });
  return {};
}

}  // namespace rnnfarm::service
