#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "base/digest.h"
#include "coordinator/population/findings.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kLongestName = 63;
constexpr int kMostListEntries = 1000;

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

void CheckName(const v1::SweepSpec& spec, Findings& findings) {
  if (IsName(spec.name(), "-")) return;
  findings.Add("name", absl::StrCat("name is \"", spec.name(),
                                    "\"; it must be 1 to 63 lower-case letters, digits and dashes, "
                                    "with a letter or digit at both ends"));
}

void CheckNumberField(const Message& message, const FieldDescriptor& field, const std::string& path,
                      Findings& findings) {
  const NumberRule* rule = FindRule(field);
  if (rule == nullptr) return;
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const std::string wrong = CheckNumber(*rule, NumberAt(message, field, i));
      if (!wrong.empty()) findings.Add(Element(path, i), wrong);
    }
    return;
  }
  // An unset optional number has a valid default; one without presence is a zero to be judged.
  if (field.has_presence() && !reflection.HasField(message, &field)) return;
  const std::string wrong = CheckNumber(*rule, NumberAt(message, field, 0));
  if (!wrong.empty()) findings.Add(path, wrong);
}

// Holds every number of the message and of what it contains against the table of rules.
void CheckNumbers(const Message& message, const std::string& prefix, Findings& findings) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const std::string path = absl::StrCat(prefix, field.name());
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      CheckNumberField(message, field, path, findings);
    } else if (field.is_repeated()) {
      for (int k = 0; k < reflection.FieldSize(message, &field); ++k) {
        CheckNumbers(reflection.GetRepeatedMessage(message, &field, k),
                     absl::StrCat(Element(path, k), "."), findings);
      }
    } else if (reflection.HasField(message, &field)) {
      CheckNumbers(reflection.GetMessage(message, &field), absl::StrCat(path, "."), findings);
    }
  }
}

void CheckKind(const v1::Task& task, const std::string& path, Findings& findings) {
  switch (task.kind_case()) {
    case v1::Task::KIND_NOT_SET:
      findings.Add(path, absl::StrCat("task \"", task.name(),
                                      "\" has no kind; give it one of flip_flop, sine_wave, "
                                      "context_integration and dataset"));
      break;
    case v1::Task::kSineWave: {
      v1::SweepSpec sine;
      *sine.add_task() = task;
      const v1::SineWave wave = WithDefaults(sine).task(0).sine_wave();
      if (wave.min_frequency() > wave.max_frequency()) {
        findings.Add(path + ".sine_wave.min_frequency",
                     absl::StrCat("min_frequency is ", FormatDecimal(wave.min_frequency()),
                                  "; it must be at most max_frequency, which is ",
                                  FormatDecimal(wave.max_frequency())));
      }
      break;
    }
    case v1::Task::kDataset:
      if (task.dataset().path().empty()) {
        findings.Add(path + ".dataset.path",
                     "path is empty; it must name an .npz file with inputs and targets");
      }
      if (!task.dataset().digest().empty() && !base::IsDigest(task.dataset().digest())) {
        findings.Add(path + ".dataset.digest",
                     "digest is not a SHA-256 of 64 lower-case hexadecimal digits; leave it out, "
                     "it is filled in at submission");
      }
      break;
    default:
      break;
  }
}

void CheckTasks(const v1::SweepSpec& spec, Findings& findings) {
  if (spec.task().empty()) {
    findings.Add("task", "the sweep has no task; give it at least one");
  }
  std::set<std::string> seen;
  for (int i = 0; i < spec.task_size(); ++i) {
    const v1::Task& task = spec.task(i);
    const std::string path = Element("task", i);
    if (!IsName(task.name(), "-_")) {
      findings.Add(path + ".name",
                   absl::StrCat("name is \"", task.name(),
                                "\"; it must be 1 to 63 lower-case letters, digits, dashes and "
                                "underscores, with a letter or digit at both ends"));
    } else if (task.name() == "figures") {
      findings.Add(path + ".name",
                   "name is \"figures\", which is a folder of the results already; choose another");
    } else if (!seen.insert(task.name()).second) {
      findings.Add(path + ".name", absl::StrCat("duplicate task name \"", task.name(),
                                                "\"; each task needs a name of its own"));
    }
    CheckKind(task, path, findings);
  }
}

// Every cell is held against every entry of these lists.
void CheckListSizes(const v1::SweepSpec& spec, Findings& findings) {
  const auto check = [&](absl::string_view field, int size) {
    if (size <= kMostListEntries) return;
    findings.Add(
        std::string(field),
        absl::StrCat(field, " has ", size, " entries; it must have at most ", kMostListEntries,
                     ": leave fields out, so that one entry "
                     "stands for many cells"));
  };
  check("hyperparameters", spec.hyperparameters_size());
  check("exclude", spec.exclude_size());
}

void CheckPopulation(const v1::SweepSpec& spec, int64_t max_networks, Findings& findings) {
  const int64_t own =
      spec.limits().has_max_networks() ? spec.limits().max_networks() : max_networks;
  const int64_t count = CountNetworks(spec);
  if (count > std::min(own, max_networks)) {
    const bool own_limit = own < max_networks;
    findings.Add(
        "grid",
        absl::StrCat("the sweep has ", count, " networks; the limit is ",
                     std::min(own, max_networks), ": make grid or seeds smaller, or raise ",
                     own_limit ? "limits.max_networks" : "the coordinator's flag --max-networks"));
  }
  if (count == 0 && !spec.exclude().empty()) {
    findings.Add("exclude", "the exclusions leave no network; remove one of them");
  }
}

// Where a path such as "grid.l2[2]" stands in the sweep: number of its field, index of its entry.
std::pair<int, int> PlaceOf(const std::string& path) {
  const std::string head = path.substr(0, path.find('.'));
  const size_t bracket = head.find('[');
  const auto* field = v1::SweepSpec::descriptor()->FindFieldByName(head.substr(0, bracket));
  int index = 0;
  if (bracket != std::string::npos) {
    const bool is_number =
        absl::SimpleAtoi(head.substr(bracket + 1, head.size() - bracket - 2), &index);
    if (!is_number) index = 0;
  }
  return {field == nullptr ? 0 : field->number(), index};
}

}  // namespace

// Names become parts of addresses and of file names, on file systems that ignore case too.
bool IsName(absl::string_view name, absl::string_view also) {
  if (name.empty() || name.size() > kLongestName) return false;
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return IsLetterOrDigit(c) || also.find(c) != absl::string_view::npos;
  });
}

std::string UnknownName(absl::string_view what, absl::string_view name,
                        const std::vector<std::string>& valid) {
  const std::string nearest = NearestName(name, valid);
  return absl::StrCat("unknown ", what, " \"", name,
                      "\": ", nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "),
                      "Valid: ", absl::StrJoin(valid, ", "));
}

std::vector<Violation> Validate(const v1::SweepSpec& spec, int64_t max_networks) {
  Findings findings;
  CheckName(spec, findings);
  CheckTasks(spec, findings);
  CheckListSizes(spec, findings);
  if (!OnlyImports(spec)) CheckGrid(spec, findings);
  CheckExclusions(spec, findings);
  CheckNumbers(spec, "", findings);
  // Absent, it still means zero networks.
  if (!spec.has_seeds() && !OnlyImports(spec)) CheckNumbers(spec.seeds(), "seeds.", findings);
  CheckSearch(spec, findings);
  CheckTraining(spec, findings);
  CheckAnalysis(spec, findings);
  CheckLimits(spec, findings);
  CheckScheduling(spec, findings);
  CheckImports(spec, findings);
  CheckKnownHyperparameters(spec, findings);
  if (spec.seeds().count() > 0 || OnlyImports(spec)) CheckPopulation(spec, max_networks, findings);
  std::vector<Violation>& found = findings.violations();
  std::stable_sort(found.begin(), found.end(), [](const Violation& a, const Violation& b) {
    return PlaceOf(a.field) < PlaceOf(b.field);
  });
  return std::move(found);
}

}  // namespace rnnfarm::population
