#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/deterministic_bytes.h"
#include "base/digest.h"
#include "coordinator/population/population.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kDefaultRungs = 4;
constexpr char kDefaultJobTimeout[] = "24h";

// Writes the table's default into every unset number of the messages that are there.
void FillNumbers(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field.is_repeated()) {
        for (int k = 0; k < reflection.FieldSize(message, &field); ++k) {
          FillNumbers(*reflection.MutableRepeatedMessage(&message, &field, k));
        }
      } else if (reflection.HasField(message, &field)) {
        FillNumbers(*reflection.MutableMessage(&message, &field));
      }
    } else if (!field.is_repeated() && !reflection.HasField(message, &field)) {
      const NumberRule* rule = FindRule(field);
      if (rule != nullptr && rule->fallback) SetNumber(message, field, *rule->fallback);
    }
  }
}

void SetRange(v1::Range& range, double min, double max, bool log) {
  range.set_min(min);
  range.set_max(max);
  range.set_log(log);
}

void FillSearch(int64_t iterations, v1::Search& search) {
  if (!search.has_learning_rate()) SetRange(*search.mutable_learning_rate(), 1e-5, 1e-1, true);
  if (!search.has_lr_decay()) SetRange(*search.mutable_lr_decay(), 0.1, 0.9, false);
  if (!search.has_momentum()) SetRange(*search.mutable_momentum(), 0, 1, false);
  if (!search.has_clip_norm()) SetRange(*search.mutable_clip_norm(), 0.1, 10, true);
  if (!search.has_rungs()) {
    // A run of a few iterations cannot be halved four times.
    const int halvings =
        static_cast<int>(std::log2(static_cast<double>(std::max<int64_t>(1, iterations))));
    search.set_rungs(std::min(kDefaultRungs, halvings + 1));
  }
}

bool HasAxis(const v1::SweepSpec& spec, absl::string_view field) {
  for (const v1::Axis& axis : spec.grid().axis()) {
    if (axis.field() == field) return true;
  }
  return false;
}

}  // namespace

v1::SweepSpec WithDefaults(const v1::SweepSpec& spec) {
  v1::SweepSpec resolved = spec;
  v1::Training& training = *resolved.mutable_training();
  v1::Analysis& analysis = *resolved.mutable_analysis();
  resolved.mutable_cell();
  resolved.mutable_limits();
  analysis.mutable_mds();
  analysis.mutable_fixed_points();
  if (analysis.metric().empty()) {
    analysis.add_metric()->mutable_svcca();
    analysis.add_metric()->mutable_cka();
    analysis.add_metric()->mutable_procrustes();
    analysis.add_metric()->mutable_fixed_point_graph();
  }
  FillNumbers(training);
  // Sweeps that were submitted before there was a choice keep their digest.
  if (training.precision() == PrecisionNames().front()) training.clear_precision();
  FillSearch(training.iterations(), *resolved.mutable_search());
  FillNumbers(resolved);
  // Along an axis of iterations the decay follows each network's own number; MakeJobSpec does it.
  if (!training.has_decay_steps() && !HasAxis(resolved, "iterations")) {
    training.set_decay_steps(training.iterations());
  }
  if (!resolved.limits().has_job_timeout()) {
    resolved.mutable_limits()->set_job_timeout(kDefaultJobTimeout);
  }
  return resolved;
}

std::string SpecDigest(const v1::SweepSpec& resolved) {
  if (resolved.has_scheduling()) {
    v1::SweepSpec without = resolved;
    without.clear_scheduling();
    return SpecDigest(without);
  }
  return base::DigestOf(base::DeterministicBytes(resolved));
}

}  // namespace rnnfarm::population
