#include "client/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/farm.h"
#include "client/table.h"
#include "coordinator/population/preview.h"

namespace rnnfarm::client {
namespace {

constexpr size_t kColumns = 80;
constexpr int kLabelColumns = 15;
// An axis of more values, each with as many networks, is told in one phrase.
constexpr int kMostListedValues = 12;

// The words after the label, in as many lines as they take.
std::string Wrapped(const std::string& label, const std::string& text) {
  std::string out, line = fmt::format("{:<{}}", label, kLabelColumns);
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    if (line.size() + 1 + word.size() > kColumns && line.size() > kLabelColumns) {
      absl::StrAppend(&out, line, "\n");
      line = std::string(kLabelColumns, ' ');
    }
    absl::StrAppend(&line, line.size() > kLabelColumns ? " " : "", word);
  }
  return absl::StrCat(out, line, "\n");
}

std::string AxisText(const v1::AxisCount& axis) {
  const auto& values = axis.values();
  const bool even = std::all_of(values.begin(), values.end(), [&](const auto& value) {
    return value.networks() == values[0].networks();
  });
  if (even && values.size() > kMostListedValues) {
    return absl::StrCat(values[0].value(), " to ", values[values.size() - 1].value(), ", ",
                        values.size(), " values with ", values[0].networks(), " networks each");
  }
  std::string text;
  for (const v1::AxisValueCount& value : values) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", value.value(), " (", value.networks(), ")");
  }
  return text;
}

// Of a stage that can run there.
Value HoursOf(const v1::StageCost& cost) {
  if (cost.measured() + cost.scaled() == 0) return std::string("not measured");
  return cost.hours() >= 100 ? fmt::format("{:.0f}", cost.hours())
                             : fmt::format("{:.3g}", cost.hours());
}

bool Trains(v1::JobKind kind) { return kind == v1::JOB_KIND_SEARCH || kind == v1::JOB_KIND_TRAIN; }

std::string JobsText(const v1::SweepPreview& preview, bool of_coordinator) {
  std::vector<Column> columns = {{"stage"}, {"jobs"}};
  if (of_coordinator) {
    columns.push_back({"core-hours"});
    columns.push_back({"GPU-hours"});
  }
  Table table(columns);
  for (const v1::StagePreview& stage : preview.stages()) {
    const bool compares = stage.kind() == v1::JOB_KIND_COMPARE;
    table.AddRow({Word(stage.kind()), stage.jobs(), compares ? Value() : HoursOf(stage.cores()),
                  Trains(stage.kind()) ? HoursOf(stage.devices()) : Value()});
  }
  return table.Render(Format::kTable);
}

// "core-hours of train: 120 jobs measured, 40 scaled, 8 not known", where not all are measured.
std::string BasisText(const v1::StagePreview& stage, const v1::StageCost& cost, const char* what) {
  if (cost.measured() + cost.scaled() == 0 || cost.scaled() + cost.unknown() == 0) return "";
  std::string text = absl::StrCat(what, " of ", Word(stage.kind()), ": ", cost.measured(),
                                  " jobs as measured, ", cost.scaled(), " scaled");
  if (cost.unknown() > 0) absl::StrAppend(&text, ", without ", cost.unknown(), " not known");
  return text + "\n";
}

std::string CostNotes(const v1::SweepPreview& preview) {
  std::string text;
  bool scaled = false, unmeasured = false;
  for (const v1::StagePreview& stage : preview.stages()) {
    if (stage.kind() == v1::JOB_KIND_COMPARE) continue;
    text += BasisText(stage, stage.cores(), "core-hours");
    if (Trains(stage.kind())) text += BasisText(stage, stage.devices(), "GPU-hours");
    scaled = scaled || stage.cores().scaled() > 0 || stage.devices().scaled() > 0;
    unmeasured = unmeasured || stage.cores().measured() + stage.cores().scaled() == 0;
  }
  text +=
      "Hours are alternatives: all of a stage on cores, or all of it on GPUs. At most:\n"
      "a search may end early. The coordinator compares by itself.\n";
  if (scaled) {
    text +=
        "Scaled: from the jobs of that stage which ended on this coordinator, by batch x\n"
        "steps x gates x units^2 x iterations.\n";
  }
  if (unmeasured) {
    text +=
        "Not measured: no such job ended on this coordinator yet; run a few networks of\n"
        "the sweep first, such as with --set seeds.count=1 and another name.\n";
  }
  return text;
}

}  // namespace

v1::SweepPreview PreviewOf(const v1::SweepSpec& spec) {
  const v1::SweepSpec resolved = population::WithDefaults(spec);
  const population::Population population = population::Enumerate(resolved);
  return population::Preview(population, population::JobsOf(resolved, population));
}

std::string PreviewText(const v1::SweepPreview& preview, bool of_coordinator) {
  std::string text;
  for (const v1::AxisCount& axis : preview.axes()) text += Wrapped(axis.axis(), AxisText(axis));
  if (preview.stages().empty()) return text + "\nno jobs: the coordinator has this sweep already\n";
  absl::StrAppend(&text, "\n", JobsText(preview, of_coordinator));
  if (of_coordinator) absl::StrAppend(&text, "\n", CostNotes(preview));
  return text;
}

}  // namespace rnnfarm::client
