// The grid, its further axes and its exclusions.
#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_join.h"
#include "coordinator/population/findings.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

// A network's key is a file name and a part of an address.
constexpr size_t kLongestKey = 200;
constexpr int kMostAxes = 8;
// "-s" and a seed, "-untrained".
constexpr size_t kLongestKeyEnding = 2 + 16 + 10;

void CheckNames(absl::string_view what,
                const google::protobuf::RepeatedPtrField<std::string>& names,
                const std::vector<std::string>& valid, Findings& findings) {
  const std::string path = absl::StrCat("grid.", what);
  if (names.empty()) {
    findings.Add(path, absl::StrCat("the grid has no ", what, "; give at least one of ",
                                    absl::StrJoin(valid, ", ")));
  }
  std::set<std::string> seen;
  for (int i = 0; i < names.size(); ++i) {
    if (std::find(valid.begin(), valid.end(), names[i]) == valid.end()) {
      findings.Add(Element(path, i), UnknownName(what, names[i], valid));
    } else if (!seen.insert(names[i]).second) {
      findings.Add(Element(path, i),
                   absl::StrCat("duplicate ", what, " \"", names[i], "\"; name it once"));
    }
  }
}

template <typename Values>
void CheckDistinct(absl::string_view path, absl::string_view what, const Values& values,
                   Findings& findings) {
  if (values.empty()) {
    findings.Add(std::string(path), absl::StrCat(what, " has no value; give at least one"));
  }
  std::set<double> seen;
  for (int i = 0; i < values.size(); ++i) {
    if (std::isnan(static_cast<double>(values[i])) || seen.insert(values[i]).second) continue;
    findings.Add(Element(path, i), absl::StrCat("duplicate value ", FormatDecimal(values[i]),
                                                " of ", what, "; name it once"));
  }
}

void CheckAxisValues(const v1::Axis& axis, const NumberRule& rule, const std::string& path,
                     Findings& findings) {
  CheckDistinct(path + ".value", axis.field(), axis.value(), findings);
  for (int i = 0; i < axis.value_size(); ++i) {
    const double value = axis.value(i);
    std::string wrong = CheckNumber(rule, value);
    if (wrong.empty() && IsIntegerAxis(axis.field()) && value != std::trunc(value)) {
      wrong =
          absl::StrCat(axis.field(), " is ", FormatDecimal(value), "; it must be a whole number");
    }
    if (!wrong.empty()) findings.Add(Element(path + ".value", i), wrong);
  }
}

void CheckAxes(const v1::Grid& grid, Findings& findings) {
  if (grid.axis_size() > kMostAxes) {
    findings.Add(Element("grid.axis", kMostAxes),
                 absl::StrCat("the grid has ", grid.axis_size(),
                              " further axes; it must have at most ", kMostAxes));
  }
  std::set<std::string> seen;
  for (int i = 0; i < grid.axis_size(); ++i) {
    const v1::Axis& axis = grid.axis(i);
    const std::string path = Element("grid.axis", i);
    const NumberRule* rule = AxisRule(axis.field());
    if (rule == nullptr) {
      findings.Add(path + ".field", UnknownName("axis field", axis.field(), AxisFields()));
      continue;
    }
    if (!seen.insert(axis.field()).second) {
      findings.Add(path + ".field", absl::StrCat("duplicate axis \"", axis.field(),
                                                 "\"; put its values into one axis"));
    }
    CheckAxisValues(axis, *rule, path, findings);
  }
}

template <typename Values>
size_t LongestDecimal(const Values& values) {
  size_t longest = 0;
  for (double value : values) longest = std::max(longest, FormatDecimal(value).size());
  return longest;
}

template <typename Names>
size_t LongestName(const Names& names) {
  size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  return longest;
}

void CheckKeyLength(const v1::SweepSpec& spec, Findings& findings) {
  const v1::Grid& grid = spec.grid();
  size_t task = 0;
  for (const v1::Task& each : spec.task()) task = std::max(task, each.name().size());
  size_t length = task + LongestName(grid.architecture()) + LongestName(grid.activation()) +
                  LongestDecimal(grid.units()) + LongestDecimal(grid.l2()) + 7 + kLongestKeyEnding;
  for (const v1::Axis& axis : grid.axis()) {
    length += 2 + axis.field().size() + LongestDecimal(axis.value());
  }
  if (length <= kLongestKey) return;
  findings.Add(
      "grid",
      absl::StrCat("the networks' keys have up to ", length, " characters; they must have at most ",
                   kLongestKey, ": shorten the tasks' names, round the values or take fewer axes"));
}

template <typename Contains>
void CheckExists(bool there, const std::string& path, absl::string_view what,
                 const std::string& value, Contains contains, Findings& findings) {
  if (!there || contains()) return;
  findings.Add(path,
               absl::StrCat(what, " is ", value,
                            ", which the grid does not have; an exclusion must match something"));
}

}  // namespace

void CheckGrid(const v1::SweepSpec& spec, Findings& findings) {
  const v1::Grid& grid = spec.grid();
  CheckNames("architecture", grid.architecture(), ArchitectureNames(), findings);
  CheckNames("activation", grid.activation(), ActivationNames(), findings);
  CheckDistinct("grid.units", "units", grid.units(), findings);
  CheckDistinct("grid.l2", "l2", grid.l2(), findings);
  CheckAxes(grid, findings);
  CheckKeyLength(spec, findings);
}

void CheckExclusions(const v1::SweepSpec& spec, Findings& findings) {
  std::vector<std::string> tasks;
  for (const v1::Task& task : spec.task()) tasks.push_back(task.name());
  const std::vector<std::string> architectures(spec.grid().architecture().begin(),
                                               spec.grid().architecture().end());
  const std::vector<std::string> activations(spec.grid().activation().begin(),
                                             spec.grid().activation().end());
  const auto check_name = [&](const std::string& path, absl::string_view what,
                              const std::string& name, const std::vector<std::string>& valid) {
    if (name.empty() || std::find(valid.begin(), valid.end(), name) != valid.end()) return;
    findings.Add(path, UnknownName(what, name, valid));
  };
  for (int i = 0; i < spec.exclude_size(); ++i) {
    const v1::Exclusion& exclusion = spec.exclude(i);
    const std::string path = Element("exclude", i);
    check_name(path + ".task", "task", exclusion.task(), tasks);
    check_name(path + ".architecture", "architecture", exclusion.architecture(), architectures);
    check_name(path + ".activation", "activation", exclusion.activation(), activations);
    const auto& units = spec.grid().units();
    CheckExists(
        exclusion.has_units(), path + ".units", "units", absl::StrCat(exclusion.units()),
        [&] { return std::find(units.begin(), units.end(), exclusion.units()) != units.end(); },
        findings);
    const auto& l2 = spec.grid().l2();
    CheckExists(
        exclusion.has_l2(), path + ".l2", "l2", FormatDecimal(exclusion.l2()),
        [&] { return std::find(l2.begin(), l2.end(), exclusion.l2()) != l2.end(); }, findings);
  }
}

}  // namespace rnnfarm::population
