#include <algorithm>

#include "absl/types/span.h"
#include "worker/task/kinds.h"
#include "worker/task/sine.h"
#include "worker/task/trial_values.h"

namespace rnnfarm::task {

namespace {

constexpr int kMaxConditions = 10'000;
// Above half a cycle a step a sampled sine cannot be told from a slower one.
constexpr double kMaxFrequency = 0.5;

class SineWaveTask final : public Task {
 public:
  explicit SineWaveTask(const SineWave& spec) : spec_(spec) {}

  int inputs() const override { return 1; }
  int outputs() const override { return 1; }
  int steps() const override { return spec_.steps; }

  using Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                Trials& trials) const override {
    Shape(count, steps, 1, 1, trials);
    for (int row = 0; row < count; ++row) {
      FillTrial(base::RandomStream(key, first_substream + row).Uniform(), row, trials);
    }
  }
  TrialRecipe recipe() const override { return spec_; }

  Trials Probe(uint64_t) const override {
    Trials trials = BlankTrials(spec_.conditions, spec_.steps, 1, 1);
    for (int row = 0; row < spec_.conditions; ++row) FillTrial(Command(row), row, trials);
    return trials;
  }

  std::vector<Condition> Conditions() const override {
    std::vector<Condition> conditions;
    for (int i = 0; i < spec_.conditions; ++i) {
      conditions.push_back({{Command(i)}, Frequency(Command(i))});
    }
    return conditions;
  }
  GraphKind graph() const override { return GraphKind::kNearestNeighbourOverConditions; }
  double start_noise() const override { return 0; }

 private:
  double Command(int index) const {
    return spec_.conditions == 1 ? 0 : static_cast<double>(index) / (spec_.conditions - 1);
  }
  double Frequency(double command) const {
    return FrequencyOfCommand(spec_.min_frequency, spec_.max_frequency, command);
  }

  // The target belongs to the command as the network sees it, rounded to float32.
  void FillTrial(double command, int row, Trials& trials) const {
    const float x = static_cast<float>(command);
    const size_t first = size_t(row) * trials.steps;
    std::fill_n(trials.x.begin() + first, trials.steps, x);
    FillSine(Frequency(x), absl::MakeSpan(trials.y).subspan(first, trials.steps));
  }

  SineWave spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Make(const SineWave& spec) {
  for (const absl::Status& status :
       {CheckRange("steps", spec.steps, 1, kMaxSteps),
        CheckRange("min_frequency", spec.min_frequency, 0, kMaxFrequency),
        CheckRange("max_frequency", spec.max_frequency, spec.min_frequency, kMaxFrequency),
        CheckRange("conditions", spec.conditions, 1, kMaxConditions)}) {
    if (!status.ok()) return status;
  }
  return std::make_unique<SineWaveTask>(spec);
}

}  // namespace rnnfarm::task
