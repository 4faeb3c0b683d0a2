#include "coordinator/population/rules.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace rnnfarm::population {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr double kAny = std::numeric_limits<double>::infinity();
constexpr double kMaxSteps = 100'000;
constexpr double kMaxIterations = 1e9;
// Seeds must be exact as doubles, since tables and JSON readers treat them as such.
constexpr double kMaxSeed = 9'007'199'254'740'992.0;

const std::vector<NumberRule>& Rules() {
  static const auto& rules = *new std::vector<NumberRule>{
      {"FlipFlop", "bits", 3, 1, 8},
      {"FlipFlop", "steps", 100, 1, kMaxSteps},
      {"FlipFlop", "flip_probability", 0.05, 0, 1},
      {"FlipFlop", "initial_pulse", 1, 0, 1},
      {"SineWave", "steps", 500, 1, kMaxSteps},
      // Half a cycle a step is the highest frequency that steps can show.
      {"SineWave", "min_frequency", 0.01, 0, 0.5, true},
      {"SineWave", "max_frequency", 0.05, 0, 0.5, true},
      {"SineWave", "conditions", 51, 1, 10'000},
      {"ContextIntegration", "contexts", 2, 1, 16},
      {"ContextIntegration", "steps", 30, 1, kMaxSteps},
      {"Grid", "units", {}, 2, 1024},
      {"Grid", "l2", {}, 0, kAny},
      {"Seeds", "first", {}, 0, kMaxSeed},
      {"Seeds", "count", {}, 1, 1e9},
      {"Search", "trials_per_config", 32, 1, 10'000},
      {"Search", "rungs", 4, 1, 20},
      {"Search", "learnt_below", 0.5, 0, kAny},
      {"Training", "iterations", 20'000, 1, kMaxIterations},
      {"Training", "batch_size", 64, 1, 65'536},
      {"Training", "keep_untrained", 0, 0, 1},
      {"Training", "decay_steps", {}, 1, 1e12},
      {"Training", "validation_trials", 512, 1, 1e6},
      {"Training", "checkpoint_every", 1000, 1, kMaxIterations},
      {"Training", "log_every", 50, 1, kMaxIterations},
      {"CurriculumStage", "steps", {}, 1, kMaxSteps},
      {"CurriculumStage", "share", {}, 0, 1, true},
      {"Cell", "gate_bias", 1, -100, 100},
      {"Cell", "alpha", 0.2, 0, 1, true},
      {"Cell", "noise", 0, 0, 100},
      {"KnownHyperparameters", "units", {}, 2, 1024},
      {"KnownHyperparameters", "l2", {}, 0, kAny},
      {"KnownHyperparameters", "learning_rate", {}, 0, kAny, true},
      {"KnownHyperparameters", "lr_decay", {}, 0, kAny, true},
      {"KnownHyperparameters", "momentum", {}, 0, 1},
      {"KnownHyperparameters", "clip_norm", {}, 0, kAny, true},
      {"Svcca", "variance", 0.95, 0, 1, true},
      {"Svcca", "components", 0, 0, 1 << 14},
      {"Cka", "debiased", 0, 0, 1},
      {"Cka", "angular", 0, 0, 1},
      {"Procrustes", "alpha", 1, 0, 1},
      {"Procrustes", "euclidean", 0, 0, 1},
      {"Dsa", "rank", 10, 1, 256},
      {"Dsa", "delays", 5, 1, 1000},
      {"Dsa", "orthogonal", 0, 0, 1},
      {"GromovWasserstein", "alpha", 0.5, 0, 1},
      {"FixedPointGraph", "runs", 100, 1, 100'000},
      {"FixedPointGraph", "epsilon", 0.05, 0, 10, true},
      {"FixedPoints", "starts", 256, 1, 1e6},
      {"FixedPoints", "rounds", 16, 1, 100},
      {"FixedPoints", "start_noise", {}, 0, 10},
      {"FixedPoints", "tolerance", 1e-20, 0, 1, true},
      {"FixedPoints", "slow_tolerance", 1e-6, 0, 1, true},
      {"FixedPoints", "merge_distance", 1e-3, 0, 100, true},
      {"FixedPoints", "max_iterations", 100, 1, 100'000},
      {"Mds", "dims", 2, 1, 10},
      {"Mds", "iterations", 300, 1, 1e6},
      {"Import", "gate_bias", 0, -100, 100},
      {"Import", "alpha", 0.2, 0, 1, true},
      {"Import", "units", {}, 0, 1 << 14},
      {"Scheduling", "priority", {}, -1000, 1000},
      {"Scheduling", "weight", {}, 1e-3, 1e3},
      {"Scheduling", "threads", {}, 1, 4096},
      {"Limits", "max_attempts", 3, 1, 100},
      {"Limits", "max_networks", {}, 1, 1e15},
  };
  return rules;
}

bool IsAxisRule(const NumberRule& rule) {
  const absl::string_view message = rule.message;
  return (message == "Training" && absl::string_view(rule.field) != "keep_untrained") ||
         message == "Cell";
}

const FieldDescriptor* AxisDescriptor(absl::string_view field) {
  const std::string name(field);
  const FieldDescriptor* found = v1::Training::descriptor()->FindFieldByName(name);
  return found != nullptr ? found : v1::Cell::descriptor()->FindFieldByName(name);
}

}  // namespace

const NumberRule* FindRule(const FieldDescriptor& field) {
  const absl::string_view message = field.containing_type()->name();
  for (const NumberRule& rule : Rules()) {
    if (message == rule.message && absl::string_view(field.name()) == rule.field) return &rule;
  }
  return nullptr;
}

std::string CheckNumber(const NumberRule& rule, double value) {
  const std::string is = absl::StrCat(rule.field, " is ", FormatDecimal(value), "; it must be ");
  if (!std::isfinite(value)) return absl::StrCat(is, "a finite number");
  const bool low = value < rule.min || (rule.above_min && value == rule.min);
  if (!low && value <= rule.max) return "";
  const std::string least =
      absl::StrCat(rule.above_min ? "greater than " : "at least ", FormatDecimal(rule.min));
  if (rule.max == kAny) return absl::StrCat(is, least);
  return absl::StrCat(is, least, " and at most ", FormatDecimal(rule.max));
}

const std::vector<std::string>& AxisFields() {
  static const auto& fields = *[] {
    auto* names = new std::vector<std::string>;
    for (const NumberRule& rule : Rules()) {
      if (IsAxisRule(rule)) names->push_back(rule.field);
    }
    return names;
  }();
  return fields;
}

const NumberRule* AxisRule(absl::string_view field) {
  for (const NumberRule& rule : Rules()) {
    if (IsAxisRule(rule) && field == rule.field) return &rule;
  }
  return nullptr;
}

bool IsIntegerAxis(absl::string_view field) {
  const FieldDescriptor* descriptor = AxisDescriptor(field);
  return descriptor != nullptr && descriptor->cpp_type() != FieldDescriptor::CPPTYPE_DOUBLE;
}

void ApplyAxis(absl::string_view field, double value, v1::Training& training, v1::Cell& cell) {
  const FieldDescriptor* descriptor = AxisDescriptor(field);
  if (descriptor == nullptr) return;
  if (descriptor->containing_type() == v1::Training::descriptor()) {
    SetNumber(training, *descriptor, value);
  } else {
    SetNumber(cell, *descriptor, value);
  }
}

double NumberAt(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? reflection.GetRepeatedInt32(message, &field, index)
                      : reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(repeated ? reflection.GetRepeatedInt64(message, &field, index)
                                          : reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? reflection.GetRepeatedDouble(message, &field, index)
                      : reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? 1 : 0;
    default:
      return 0;
  }
}

void SetNumber(Message& message, const FieldDescriptor& field, double value) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, static_cast<int32_t>(value));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, static_cast<int64_t>(value));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, value);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, value != 0);
    default:
      return;
  }
}

}  // namespace rnnfarm::population
