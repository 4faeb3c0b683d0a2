#include <algorithm>
#include <bit>

#include "absl/types/span.h"
#include "worker/task/kinds.h"
#include "worker/task/trial_values.h"

namespace rnnfarm::task {

namespace {

// Words that wait on the stack to become pulses: whole blocks of 4.
constexpr size_t kWords = 1024;

void Pulses(const uint32_t* __restrict words, size_t count, uint32_t threshold,
            float* __restrict x) {
  for (size_t i = 0; i < count; ++i) x[i] = std::bit_cast<float>(PulseBits(words[i], threshold));
}

// y is the latest value of its channel in x that is not 0. What a few channels hold stays in
// registers.
template <int kChannels>
void HoldChannels(const float* __restrict x, size_t steps, size_t stride, float* __restrict y) {
  uint32_t held[kChannels] = {};
  for (size_t step = 0; step < steps; ++step, x += stride, y += stride) {
#pragma GCC unroll 3
    for (int c = 0; c < kChannels; ++c) {
      held[c] = HeldBits(std::bit_cast<uint32_t>(x[c]), held[c]);
      y[c] = std::bit_cast<float>(held[c]);
    }
  }
}

class FlipFlopTask final : public Task {
 public:
  explicit FlipFlopTask(const FlipFlop& spec)
      : spec_(spec), threshold_(PulseThreshold(spec.flip_probability)) {}

  int inputs() const override { return spec_.bits; }
  int outputs() const override { return spec_.bits; }
  int steps() const override { return spec_.steps; }

  using Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                Trials& trials) const override {
    Shape(count, steps, spec_.bits, spec_.bits, trials);
    const size_t values = size_t(steps) * spec_.bits;
    for (int row = 0; row < count; ++row) {
      float* x = trials.x.data() + row * values;
      FillPulses(key, first_substream + row, absl::MakeSpan(x, values));
      Hold(x, steps, trials.y.data() + row * values);
    }
  }
  TrialRecipe recipe() const override { return spec_; }

  Trials Probe(uint64_t base_seed) const override {
    return Generate(ProbeStream(base_seed), 0, kProbeTrials, spec_.steps);
  }

  std::vector<Condition> Conditions() const override {
    return {{std::vector<double>(spec_.bits, 0.0), 0}};
  }
  GraphKind graph() const override { return GraphKind::kTransition; }
  double start_noise() const override { return 0.5; }

 private:
  void FillPulses(base::StreamKey key, uint64_t substream, absl::Span<float> x) const {
    uint32_t words[kWords];
    for (size_t done = 0; done < x.size(); done += kWords) {
      const size_t count = std::min(kWords, x.size() - done);
      base::FillWords(key, substream, done / 4, absl::MakeSpan(words, count));
      Pulses(words, count, threshold_, x.data() + done);
      if (done == 0 && spec_.initial_pulse) Pulses(words, spec_.bits, kAlwaysPulse, x.data());
    }
  }

  void Hold(const float* x, size_t steps, float* y) const {
    const size_t bits = spec_.bits;
    size_t channel = 0;
    for (; channel + 3 <= bits; channel += 3)
      HoldChannels<3>(x + channel, steps, bits, y + channel);
    for (; channel < bits; ++channel) HoldChannels<1>(x + channel, steps, bits, y + channel);
  }

  FlipFlop spec_;
  uint32_t threshold_;
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
