#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

// Number of insertions, deletions and replacements between two words (Levenshtein).
int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

}  // namespace

const std::vector<std::string>& ArchitectureNames() {
  static const auto& names =
      *new std::vector<std::string>{"vanilla", "ugrnn", "gru", "lstm", "leaky"};
  return names;
}

const std::vector<std::string>& ImportArchitectureNames() {
  static const auto& names = *new auto([] {
    std::vector<std::string> all = ArchitectureNames();
    all.emplace_back(base::kRecording);
    return all;
  }());
  return names;
}

const std::vector<std::string>& ActivationNames() {
  static const auto& names = *new std::vector<std::string>{"tanh", "relu"};
  return names;
}

const std::vector<std::string>& PrecisionNames() {
  static const auto& names = *new std::vector<std::string>{"fp32", "tf32", "bf16"};
  return names;
}

int TaskInputs(const v1::Task& task) {
  switch (task.kind_case()) {
    case v1::Task::kFlipFlop:
      return task.flip_flop().bits();
    case v1::Task::kSineWave:
      return 1;
    case v1::Task::kContextIntegration:  // a stream and a cue for each context
      return 2 * task.context_integration().contexts();
    default:
      return 0;
  }
}

int TaskOutputs(const v1::Task& task) {
  switch (task.kind_case()) {
    case v1::Task::kFlipFlop:
      return task.flip_flop().bits();
    case v1::Task::kSineWave:
    case v1::Task::kContextIntegration:
      return 1;
    default:
      return 0;
  }
}

int TaskSteps(const v1::Task& task) {
  switch (task.kind_case()) {
    case v1::Task::kFlipFlop:
      return task.flip_flop().steps();
    case v1::Task::kSineWave:
      return task.sine_wave().steps();
    case v1::Task::kContextIntegration:
      return task.context_integration().steps();
    default:
      return 0;
  }
}

int GatesOf(absl::string_view architecture) {
  if (architecture == "lstm") return 4;
  if (architecture == "gru") return 3;
  return architecture == "ugrnn" ? 2 : 1;
}

std::string MetricName(const v1::Metric& metric) {
  const auto* field = v1::Metric::descriptor()->FindFieldByNumber(metric.kind_case());
  return field == nullptr ? "" : field->name();
}

std::vector<std::string> MetricNames() {
  std::vector<std::string> names;
  const auto& kinds = *v1::Metric::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds.field_count(); ++i) names.push_back(kinds.field(i)->name());
  return names;
}

std::string NearestName(absl::string_view word, const std::vector<std::string>& candidates) {
  // Further than a third of the word away it is another word, not a slip of the finger.
  constexpr size_t kLongestWord = 64;
  if (word.empty() || word.size() > kLongestWord) return "";
  int best = std::max(1, static_cast<int>(word.size() + 1) / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const int distance =
        EditDistance(absl::AsciiStrToLower(word), absl::AsciiStrToLower(candidate));
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string FormatDecimal(double value) {
  if (value == 0) return "0";
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  constexpr double kExactIntegers = 1e15;
  if (value == std::trunc(value) && std::abs(value) < kExactIntegers) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  // std::to_chars alone would write 0.0001 as 1e-04; %g writes what people write.
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    const int length = std::snprintf(text, sizeof(text), "%.*g", digits, value);
    double read = 0;
    std::from_chars(text, text + length, read);
    if (read == value) break;
  }
  std::string decimal = text;
  // Keys are part of file names and addresses, where a plus sign is best avoided.
  decimal.erase(std::remove(decimal.begin(), decimal.end(), '+'), decimal.end());
  return decimal;
}

std::string FormatNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

std::string ConfigurationKey(const v1::Configuration& configuration) {
  std::string key = absl::StrCat(configuration.task(), "-", configuration.architecture(), "-",
                                 configuration.activation(), "-", configuration.units(), "-l2_",
                                 FormatDecimal(configuration.l2()));
  const std::map<std::string, double> axes(configuration.axes().begin(),
                                           configuration.axes().end());
  for (const auto& [field, value] : axes)
    absl::StrAppend(&key, "-", field, "_", FormatDecimal(value));
  return key;
}

std::string ResultPath(const v1::Network& network, absl::string_view role) {
  if (role == "network") return absl::StrCat(network.task(), "/networks/", network.key(), ".npz");
  if (role == "states") return absl::StrCat(network.task(), "/states/", network.key(), ".npy");
  if (role == "fixed_points") {
    return absl::StrCat(network.task(), "/fixed_points/", network.key(), ".npz");
  }
  return "";
}

std::string CurvePath(const v1::Configuration& configuration, int draw) {
  return absl::StrCat(configuration.task(), "/search/", configuration.key(), "-d", draw, ".npy");
}

}  // namespace rnnfarm::population
