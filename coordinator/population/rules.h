// Every number of a sweep in one table: its default, its limits, and whether a grid's axis may vary
// it. Validation, defaults and axes all read this table, so they cannot disagree.
#ifndef RNNFARM_COORDINATOR_POPULATION_RULES_H_
#define RNNFARM_COORDINATOR_POPULATION_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "coordinator/population/population.h"
#include "google/protobuf/message.h"
#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::population {

struct NumberRule {
  const char* message;  // such as "FlipFlop"
  const char* field;
  std::optional<double> fallback;  // the default; of a bool 0 or 1
  double min;
  double max;
  bool above_min = false;  // min itself is not allowed
};

// Null if the field has no rule.
const NumberRule* FindRule(const google::protobuf::FieldDescriptor& field);

// What is wrong with the value under the rule, as a sentence ("units is 1; it must be between 2 and
// 1024"), or empty.
std::string CheckNumber(const NumberRule& rule, double value);

// Numeric fields of `training` and `cell`, which an axis may vary.
const std::vector<std::string>& AxisFields();
// The rule of an axis field; null for other names.
const NumberRule* AxisRule(absl::string_view field);
bool IsIntegerAxis(absl::string_view field);
// Sets the field in whichever message has it.
void ApplyAxis(absl::string_view field, double value, v1::Training& training, v1::Cell& cell);

// Value of a numeric field; of element `index` of a repeated one.
double NumberAt(const google::protobuf::Message& message,
                const google::protobuf::FieldDescriptor& field, int index);
void SetNumber(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field,
               double value);

// Shortest decimal that reads back as the same double: "64", "0.0001", "1e-05".
std::string FormatDecimal(double value);

// The key of a grid's cell; Configuration::key of population.proto.
std::string ConfigurationKey(const v1::Configuration& configuration);

void AddImports(const v1::SweepSpec& resolved, Population& population);

// Among a network's artifacts, the file of an import. A recording is not listed as a network.
inline const char* ImportRole(absl::string_view architecture) {
  return IsRecording(architecture) ? base::kRecording : "network";
}

// Whether a sweep consists of imports alone.
inline bool OnlyImports(const v1::SweepSpec& spec) {
  return spec.import_size() > 0 && !spec.has_grid() && !spec.has_seeds();
}

// Length of trials in time steps; 0 for a dataset, whose file is not read here.
int TaskSteps(const v1::Task& task);

// Gates of a cell: rows of its recurrent weights by units.
int GatesOf(absl::string_view architecture);

// Number of networks of one cell: seeds, twice that with untrained controls.
inline int64_t NetworksPerCell(const v1::SweepSpec& spec) {
  return spec.seeds().count() * (spec.training().keep_untrained() ? 2 : 1);
}
// The first exclusion that matches, or null.
const v1::Exclusion* FindExclusion(const v1::SweepSpec& spec, absl::string_view task,
                                   absl::string_view architecture, absl::string_view activation,
                                   int units, double l2);

}  // namespace rnnfarm::population

#endif  // RNNFARM_COORDINATOR_POPULATION_RULES_H_
