// Search, training, analysis, limits, scheduling and known hyperparameters: what a table of numbers
// cannot say.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/memory_size.h"
#include "coordinator/population/findings.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

constexpr double kShareTolerance = 1e-6;

struct RangeLimits {
  double min;
  double max;
  bool above_min;
};

void CheckRange(absl::string_view name, const v1::Range& range, const RangeLimits& limits,
                Findings& findings) {
  const std::string path = absl::StrCat("search.", name);
  const NumberRule low{"Range", "min", {}, limits.min, limits.max, limits.above_min};
  const NumberRule high{"Range", "max", {}, limits.min, limits.max, limits.above_min};
  const std::string wrong_min = CheckNumber(low, range.min());
  const std::string wrong_max = CheckNumber(high, range.max());
  if (!wrong_min.empty()) findings.Add(path + ".min", absl::StrCat(name, ".", wrong_min));
  if (!wrong_max.empty()) findings.Add(path + ".max", absl::StrCat(name, ".", wrong_max));
  if (range.min() > range.max()) {
    findings.Add(path, absl::StrCat(name, " has min ", FormatDecimal(range.min()), " above max ",
                                    FormatDecimal(range.max()), "; min must be at most max"));
  }
  if (range.log() && range.min() == 0) {
    findings.Add(path + ".min", absl::StrCat(name,
                                             ".min is 0 on a logarithmic scale; it must be "
                                             "greater than 0, or leave log out"));
  }
}

std::vector<std::string> TaskNames(const v1::SweepSpec& spec) {
  std::vector<std::string> names;
  for (const v1::Task& task : spec.task()) names.push_back(task.name());
  return names;
}

// Longest trial of the named task, of all tasks for an empty name; 0 if that is not known here.
int LongestTrial(const v1::SweepSpec& spec, const std::string& name) {
  int longest = 0;
  for (const v1::Task& task : spec.task()) {
    if (!name.empty() && task.name() != name) continue;
    if (task.has_dataset()) return 0;
    longest = std::max(longest, TaskSteps(task));
  }
  return longest;
}

void CheckStage(const v1::SweepSpec& spec, const v1::CurriculumStage& stage,
                const std::string& path, Findings& findings) {
  v1::SweepSpec tasks;
  *tasks.mutable_task() = spec.task();
  const int longest = LongestTrial(WithDefaults(tasks), stage.task());
  if (longest > 0 && stage.steps() > longest) {
    findings.Add(path + ".steps",
                 absl::StrCat("steps is ", stage.steps(), "; it must be at most ", longest,
                              ", the longest trial of ",
                              stage.task().empty() ? "the sweep's tasks" : "the stage's task"));
  }
  const std::vector<std::string> names = TaskNames(spec);
  if (stage.task().empty()) return;
  if (std::find(names.begin(), names.end(), stage.task()) == names.end()) {
    findings.Add(path + ".task", UnknownName("task", stage.task(), names));
  }
}

void CheckCurriculum(const v1::SweepSpec& spec, Findings& findings) {
  const v1::Training& training = spec.training();
  std::map<std::string, double> sums;  // by task
  for (int i = 0; i < training.curriculum_size(); ++i) {
    const v1::CurriculumStage& stage = training.curriculum(i);
    sums[stage.task()] += stage.share();
    CheckStage(spec, stage, Element("training.curriculum", i), findings);
  }
  for (const auto& [task, sum] : sums) {
    if (std::abs(sum - 1) <= kShareTolerance) continue;
    findings.Add(
        "training.curriculum",
        absl::StrCat("the shares ", task.empty() ? "" : absl::StrCat("of task \"", task, "\" "),
                     "add up to ", FormatDecimal(sum), "; they must add up to 1"));
  }
}

// The engine, and the kind of device, that trains in every precision.
constexpr absl::string_view kCuda = "cuda";

void CheckPrecision(const v1::SweepSpec& spec, Findings& findings) {
  const std::string& precision = spec.training().precision();
  const std::vector<std::string>& names = PrecisionNames();
  if (precision.empty() || precision == names.front()) return;
  if (std::find(names.begin(), names.end(), precision) == names.end()) {
    findings.Add("training.precision", UnknownName("precision", precision, names));
  } else if (spec.scheduling().device() != kCuda) {
    findings.Add("training.precision",
                 absl::StrCat("precision is ", precision, ", which only workers with the engine ",
                              kCuda, " train in; set scheduling.device to \"", kCuda,
                              "\", or precision to ", names.front()));
  }
}

// The least number of iterations that a network of the sweep is trained for.
int64_t LeastIterations(const v1::SweepSpec& spec) {
  v1::SweepSpec plain;
  *plain.mutable_training() = spec.training();
  double least = static_cast<double>(WithDefaults(plain).training().iterations());
  for (const v1::Axis& axis : spec.grid().axis()) {
    if (axis.field() != "iterations" || axis.value().empty()) continue;
    least = *std::min_element(axis.value().begin(), axis.value().end());
  }
  return std::isfinite(least) ? static_cast<int64_t>(std::clamp(least, 0.0, 1e15)) : 0;
}

}  // namespace

void CheckSearch(const v1::SweepSpec& spec, Findings& findings) {
  const v1::Search& search = spec.search();
  const double any = HUGE_VAL;
  if (search.has_learning_rate()) {
    CheckRange("learning_rate", search.learning_rate(), {0, any, true}, findings);
  }
  if (search.has_lr_decay()) CheckRange("lr_decay", search.lr_decay(), {0, any, true}, findings);
  if (search.has_momentum()) CheckRange("momentum", search.momentum(), {0, 1, false}, findings);
  if (search.has_clip_norm()) CheckRange("clip_norm", search.clip_norm(), {0, any, true}, findings);
  constexpr int kMostRungs = 20;
  if (!search.has_rungs() || search.rungs() < 1 || search.rungs() > kMostRungs) return;
  const int64_t least = LeastIterations(spec);
  const int64_t needed = int64_t{1} << (search.rungs() - 1);
  if (least < needed) {
    findings.Add("search.rungs",
                 absl::StrCat("rungs is ", search.rungs(), ", which needs at least ", needed,
                              " iterations; the training has ", least,
                              ": lower rungs or raise training.iterations"));
  }
}

void CheckTraining(const v1::SweepSpec& spec, Findings& findings) {
  CheckCurriculum(spec, findings);
  CheckPrecision(spec, findings);
}

void CheckAnalysis(const v1::SweepSpec& spec, Findings& findings) {
  std::set<std::string> seen;
  for (int i = 0; i < spec.analysis().metric_size(); ++i) {
    const std::string path = Element("analysis.metric", i);
    const std::string name = MetricName(spec.analysis().metric(i));
    if (name.empty()) {
      findings.Add(path, absl::StrCat("the metric has no kind; give it one of ",
                                      absl::StrJoin(MetricNames(), ", ")));
    } else if (!seen.insert(name).second) {
      findings.Add(path, absl::StrCat("duplicate metric ", name,
                                      "; name it once, since its "
                                      "results are one file"));
    }
  }
  v1::SweepSpec plain;
  *plain.mutable_analysis()->mutable_fixed_points() = spec.analysis().fixed_points();
  const v1::FixedPoints points = WithDefaults(plain).analysis().fixed_points();
  if (points.slow_tolerance() < points.tolerance()) {
    findings.Add("analysis.fixed_points.slow_tolerance",
                 absl::StrCat("slow_tolerance is ", FormatDecimal(points.slow_tolerance()),
                              "; it must be at least tolerance, which is ",
                              FormatDecimal(points.tolerance())));
  }
}

void CheckLimits(const v1::SweepSpec& spec, Findings& findings) {
  if (!spec.limits().has_job_timeout()) return;
  absl::Duration timeout;
  if (absl::ParseDuration(spec.limits().job_timeout(), &timeout) && timeout >= absl::Seconds(1)) {
    return;
  }
  findings.Add("limits.job_timeout",
               absl::StrCat("job_timeout is \"", spec.limits().job_timeout(),
                            "\"; it must be a duration of at least 1 s such as \"90m\" or \"2h\""));
}

void CheckScheduling(const v1::SweepSpec& spec, Findings& findings) {
  const v1::Scheduling& scheduling = spec.scheduling();
  if (const auto memory = base::ParseMemory(scheduling.memory()); !memory.ok()) {
    findings.Add("scheduling.memory",
                 absl::StrCat("memory is \"", scheduling.memory(),
                              "\"; it must be an amount such as \"4GiB\" or \"512MiB\""));
  }
  if (!scheduling.device().empty() && !IsName(scheduling.device(), "-_")) {
    findings.Add("scheduling.device",
                 absl::StrCat("device is \"", scheduling.device(),
                              "\"; it must be a device or engine that `rnnfarm workers list` "
                              "shows, such as \"cuda\""));
  }
}

void CheckKnownHyperparameters(const v1::SweepSpec& spec, Findings& findings) {
  const std::vector<std::string> tasks = TaskNames(spec);
  const auto check = [&](const std::string& path, absl::string_view what, const std::string& name,
                         const std::vector<std::string>& valid) {
    if (name.empty() || std::find(valid.begin(), valid.end(), name) != valid.end()) return;
    findings.Add(path, UnknownName(what, name, valid));
  };
  for (int i = 0; i < spec.hyperparameters_size(); ++i) {
    const v1::KnownHyperparameters& known = spec.hyperparameters(i);
    const std::string path = Element("hyperparameters", i);
    check(path + ".task", "task", known.task(), tasks);
    check(path + ".architecture", "architecture", known.architecture(), ArchitectureNames());
    check(path + ".activation", "activation", known.activation(), ActivationNames());
  }
}

}  // namespace rnnfarm::population
