#include <algorithm>

#include "absl/types/span.h"
#include "worker/task/kinds.h"
#include "worker/task/trial_values.h"

namespace rnnfarm::task {

namespace {

// Means of the cued stream in the probe, evenly spaced from -1 to 1.
constexpr int kProbeMeans = 11;
// Normals that wait on the stack to become evidence: at least four steps of every context.
constexpr int kNormals = 1024;

class ContextIntegrationTask final : public Task {
 public:
  explicit ContextIntegrationTask(const ContextIntegration& spec) : spec_(spec) {}

  int inputs() const override { return 2 * spec_.contexts; }
  int outputs() const override { return 1; }
  int steps() const override { return spec_.steps; }

  using Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                Trials& trials) const override {
    Shape(count, steps, inputs(), 1, trials);
    for (int row = 0; row < count; ++row) DrawTrial(key, first_substream + row, row, trials);
  }
  TrialRecipe recipe() const override { return spec_; }

  // Context by context, from the lowest mean to the highest.
  Trials Probe(uint64_t) const override {
    Trials trials = BlankTrials(spec_.contexts * kProbeMeans, spec_.steps, inputs(), 1);
    for (int row = 0; row < trials.count; ++row) {
      const int context = row / kProbeMeans;
      const double mean = -1 + 2.0 * (row % kProbeMeans) / (kProbeMeans - 1);
      float* x = trials.x.data() + size_t(row) * trials.steps * inputs();
      for (int step = 0; step < trials.steps; ++step) {
        x[step * inputs() + context] = static_cast<float>(mean);
      }
      Cue(context, row, trials);
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
  void DrawTrial(base::StreamKey key, uint64_t substream, int row, Trials& trials) const {
    const int streams = spec_.contexts;
    double means[kMaxContexts];
    base::RandomStream stream(key, substream);
    for (int k = 0; k < streams; ++k) means[k] = stream.Uniform(-1, 1);
    const int context = static_cast<int>(stream.Below(streams));
    uint64_t block = FirstEvidenceBlock(streams);

    float normals[kNormals];
    const int most_steps = kNormals / streams / 4 * 4;  // whole blocks
    float* x = trials.x.data() + size_t(row) * trials.steps * inputs();
    for (int done = 0; done < trials.steps; done += most_steps) {
      const int steps = std::min(most_steps, trials.steps - done);
      base::FillNormals(key, substream, 1, absl::MakeSpan(normals, steps * streams), block);
      block += most_steps * streams / 4;
      const float* normal = normals;
      for (int step = 0; step < steps; ++step, x += streams) {
        for (int k = 0; k < streams; ++k) *x++ = EvidenceOf(means[k], *normal++);
      }
    }
    Cue(context, row, trials);
  }

  // Writes the cue into x, and into y the sum so far of the stream that it points to.
  void Cue(int context, int row, Trials& trials) const {
    const int streams = spec_.contexts;
    float* x = trials.x.data() + size_t(row) * trials.steps * inputs();
    float* y = trials.y.data() + size_t(row) * trials.steps;
    double sum = 0;
    for (int step = 0; step < trials.steps; ++step, x += inputs()) {
      std::fill_n(x + streams, streams, 0.0f);
      x[streams + context] = 1;
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
