#include "client/computing/fixed_points.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/random_stream.h"

namespace rnnfarm::client {
namespace {

constexpr int kProbeTrials = 64;
constexpr int kProbeSteps = 100;
// s.d. of the noise on the starts, as for the flip-flop task.
constexpr double kStartNoise = 0.5;

class ConditionsTask : public task::Task {
 public:
  ConditionsTask(const rnn::CellSpec& cell, std::vector<std::vector<double>> conditions)
      : inputs_(cell.inputs), outputs_(cell.outputs), conditions_(std::move(conditions)) {}

  int inputs() const override { return inputs_; }
  int outputs() const override { return outputs_; }
  int steps() const override { return kProbeSteps; }

  using task::Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                task::Trials& trials) const override {
    trials = {count, steps, inputs_, outputs_, {}, {}, {}};
    for (int row = 0; row < count; ++row) {
      base::RandomStream random(key, first_substream + row);
      const std::vector<double>& center = conditions_[row % conditions_.size()];
      for (int step = 0; step < steps; ++step) {
        for (int i = 0; i < inputs_; ++i) {
          trials.x.push_back(static_cast<float>(center[i] + random.Normal()));
        }
      }
    }
    trials.y.assign(int64_t{count} * steps * outputs_, 0.0f);
  }

  // Nobody is trained on it.
  task::TrialRecipe recipe() const override { return static_cast<const task::Trials*>(nullptr); }

  task::Trials Probe(uint64_t base_seed) const override {
    return Generate(base::DeriveStream(base_seed, "", "probe"), 0, kProbeTrials, kProbeSteps);
  }

  std::vector<task::Condition> Conditions() const override {
    std::vector<task::Condition> out;
    for (size_t i = 0; i < conditions_.size(); ++i) {
      out.push_back({conditions_[i], static_cast<double>(i)});
    }
    return out;
  }

  // Transitions are runs between the points of one input; with several inputs each has its own.
  task::GraphKind graph() const override {
    return conditions_.size() == 1 ? task::GraphKind::kTransition
                                   : task::GraphKind::kNearestNeighbourWithinCondition;
  }
  double start_noise() const override { return kStartNoise; }

 private:
  int inputs_, outputs_;
  std::vector<std::vector<double>> conditions_;
};

}  // namespace

std::unique_ptr<task::Task> MakeConditionsTask(const rnn::CellSpec& cell,
                                               std::vector<std::vector<double>> conditions) {
  if (conditions.empty()) conditions.push_back(std::vector<double>(cell.inputs, 0.0));
  return std::make_unique<ConditionsTask>(cell, std::move(conditions));
}

absl::StatusOr<std::unique_ptr<task::Task>> MakeNamedTask(absl::string_view name,
                                                          const rnn::CellSpec& cell) {
  if (name == "flipflop") return task::MakeTask(task::FlipFlop{.bits = cell.inputs});
  if (name == "sine") return task::MakeTask(task::SineWave{});
  if (name == "cdi") return task::MakeTask(task::ContextIntegration{.contexts = cell.inputs / 2});
  return absl::InvalidArgumentError(
      absl::StrCat("unknown task \"", name, "\": use flipflop, sine or cdi"));
}

absl::StatusOr<std::vector<double>> ParseCondition(absl::string_view text, int inputs,
                                                   absl::string_view source) {
  std::vector<double> values;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    double value;
    if (!absl::SimpleAtod(part, &value) || !std::isfinite(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--condition ", text, ": \"", part, "\" is no number"));
    }
    values.push_back(value);
  }
  if (static_cast<int>(values.size()) == inputs) return values;
  return absl::InvalidArgumentError(absl::StrCat("--condition ", text, " has ", values.size(),
                                                 " numbers, the network of ", source, " has ",
                                                 inputs, " inputs"));
}

Table FixedPointsTable(const std::vector<dynamics::ConditionSummary>& conditions) {
  Table table({{"condition"},
               {"fixed_points"},
               {"index_sum"},
               {"certified", true},
               {"verdict"},
               {"unique"},
               {"starts"},
               {"converged"},
               {"rejected"},
               {"estimated_unseen"},
               {"largest_q"}});
  for (const dynamics::ConditionSummary& condition : conditions) {
    table.AddRow({int64_t{condition.condition}, absl::StrJoin(condition.by_index, "/"),
                  int64_t{condition.index_sum}, condition.certified,
                  std::string(dynamics::Name(condition.verdict)), int64_t{condition.unique},
                  int64_t{condition.starts}, int64_t{condition.converged},
                  absl::StrJoin(condition.rejected, ", ", absl::PairFormatter(" ")),
                  condition.estimated_unseen, condition.largest_q});
  }
  return table;
}

}  // namespace rnnfarm::client
