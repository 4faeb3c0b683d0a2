#include "worker/task/kinds.h"

namespace rnnfarm::task {

namespace {

constexpr int kMaxContexts = 64;
// Means of the cued stream in the probe, evenly spaced from -1 to 1.
constexpr int kProbeMeans = 11;

class ContextIntegrationTask final : public Task {
 public:
  explicit ContextIntegrationTask(const ContextIntegration& spec) : spec_(spec) {}

  int inputs() const override { return 2 * spec_.contexts; }
  int outputs() const override { return 1; }
  int steps() const override { return spec_.steps; }

  Trials Generate(base::StreamKey key, uint64_t first_substream, int count,
                  int steps) const override {
    Trials trials = BlankTrials(count, steps, inputs(), 1);
    std::vector<double> means(spec_.contexts);
    for (int row = 0; row < count; ++row) {
      base::RandomStream stream(key, first_substream + row);
      for (double& mean : means) mean = stream.Uniform(-1, 1);
      const int context = static_cast<int>(stream.Below(spec_.contexts));
      FillTrial(
          row, context, [&](int, int k) { return means[k] + stream.Normal(); }, trials);
    }
    return trials;
  }

  // Context by context, from the lowest mean to the highest.
  Trials Probe(uint64_t) const override {
    Trials trials = BlankTrials(spec_.contexts * kProbeMeans, spec_.steps, inputs(), 1);
    for (int row = 0; row < trials.count; ++row) {
      const int context = row / kProbeMeans;
      const double mean = -1 + 2.0 * (row % kProbeMeans) / (kProbeMeans - 1);
      FillTrial(
          row, context, [&](int, int k) { return k == context ? mean : 0; }, trials);
    }
    return trials;
  }

  std::vector<Condition> Conditions() const override {
    std::vector<Condition> conditions;
    for (int context = 0; context < spec_.contexts; ++context) {
      std::vector<double> input(inputs(), 0.0);
      input[spec_.contexts + context] = 1;
      conditions.push_back({std::move(input), static_cast<double>(context)});
    }
    return conditions;
  }
  GraphKind graph() const override { return GraphKind::kNearestNeighbourWithinCondition; }
  double start_noise() const override { return 0.05; }

 private:
  // evidence(step, stream) is called in order of step, then stream.
  template <typename Evidence>
  void FillTrial(int row, int context, Evidence evidence, Trials& trials) const {
    float* x = trials.x.data() + size_t(row) * trials.steps * inputs();
    float* y = trials.y.data() + size_t(row) * trials.steps;
    double sum = 0;
    for (int step = 0; step < trials.steps; ++step, x += inputs()) {
      for (int k = 0; k < spec_.contexts; ++k) x[k] = static_cast<float>(evidence(step, k));
      x[spec_.contexts + context] = 1;
      sum += x[context];
      y[step] = static_cast<float>(sum);
    }
  }

  ContextIntegration spec_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Make(const ContextIntegration& spec) {
  for (const absl::Status& status : {CheckRange("contexts", spec.contexts, 1, kMaxContexts),
                                     CheckRange("steps", spec.steps, 1, kMaxSteps)}) {
    if (!status.ok()) return status;
  }
  return std::make_unique<ContextIntegrationTask>(spec);
}

}  // namespace rnnfarm::task
