#include <algorithm>
#include <cmath>

#include "worker/task/kinds.h"

namespace rnnfarm::task {

namespace {

// 3^K fixed points are expected; nobody analyses more channels than this.
constexpr int kMaxBits = 16;

class FlipFlopTask final : public Task {
 public:
  explicit FlipFlopTask(const FlipFlop& spec)
      : spec_(spec), threshold_(std::llround(spec.flip_probability * 0x1p31)) {}

  int inputs() const override { return spec_.bits; }
  int outputs() const override { return spec_.bits; }
  int steps() const override { return spec_.steps; }

  Trials Generate(base::StreamKey key, uint64_t first_substream, int count,
                  int steps) const override {
    Trials trials = BlankTrials(count, steps, spec_.bits, spec_.bits);
    const size_t values = size_t(steps) * spec_.bits;
    for (int row = 0; row < count; ++row) {
      FillTrial(base::RandomStream(key, first_substream + row), values,
                trials.x.data() + row * values, trials.y.data() + row * values);
    }
    return trials;
  }

  Trials Probe(uint64_t base_seed) const override {
    return Generate(ProbeStream(base_seed), 0, kProbeTrials, spec_.steps);
  }

  std::vector<Condition> Conditions() const override {
    return {{std::vector<double>(spec_.bits, 0.0), 0}};
  }
  GraphKind graph() const override { return GraphKind::kTransition; }
  double start_noise() const override { return 0.5; }

 private:
  // One word a channel and step: its upper 31 bits decide whether there is a pulse, the lowest one
  // its sign.
  void FillTrial(base::RandomStream stream, size_t values, float* x, float* y) const {
    const size_t bits = spec_.bits;
    for (size_t i = 0; i < values; ++i) {
      const uint32_t word = stream.NextWord();
      const bool pulse = (word >> 1) < threshold_ || (i < bits && spec_.initial_pulse);
      const float held = i < bits ? 0.0f : y[i - bits];
      x[i] = pulse ? ((word & 1) != 0 ? 1.0f : -1.0f) : 0.0f;
      y[i] = pulse ? x[i] : held;
    }
  }

  FlipFlop spec_;
  int64_t threshold_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Make(const FlipFlop& spec) {
  for (const absl::Status& status :
       {CheckRange("bits", spec.bits, 1, kMaxBits), CheckRange("steps", spec.steps, 1, kMaxSteps),
        CheckRange("flip_probability", spec.flip_probability, 0, 1)}) {
    if (!status.ok()) return status;
  }
  return std::make_unique<FlipFlopTask>(spec);
}

}  // namespace rnnfarm::task
