// Trials and noise made on a device from the streams that the processor takes them from: the same
// bits as task::Task::Generate and base::FillNormals, if the file that includes this is compiled
// with -fmad=false (base/host_device.h).
//
//   TrialSource source = SourceOf(*plan.task);  // and, for a data set, its arrays on the device
//   …in a kernel, one thread a trial:
//   GenerateTrial(source, key, iteration * batch_size + row, steps, sink);
#ifndef RNNFARM_WORKER_ENGINE_CUDA_TRIAL_SOURCE_H_
#define RNNFARM_WORKER_ENGINE_CUDA_TRIAL_SOURCE_H_

#include <cstddef>
#include <cstdint>

#include "base/host_device.h"
#include "base/normal_pair.h"
#include "base/philox.h"
#include "worker/task/trial_values.h"

namespace rnnfarm::task {
class Task;
}

namespace rnnfarm::engine::cuda {

// A task in plain numbers, to be passed to a kernel by value.
struct TrialSource {
  enum class Kind : int32_t { kFlipFlop, kSineWave, kContextIntegration, kDataset };

  Kind kind = Kind::kFlipFlop;
  int32_t inputs = 0, outputs = 0;
  int32_t steps = 0;  // of a full trial

  // Flip-flop, of `inputs` channels.
  uint32_t pulse_threshold = 0;  // task::PulseThreshold
  bool initial_pulse = false;

  double min_frequency = 0, max_frequency = 0;  // sine wave, in cycles a step

  int32_t contexts = 0;  // context integration

  // Data set: `count` trials, each of `steps` steps, where GenerateTrial runs.
  int32_t count = 0;
  const float* x = nullptr;     // count x steps x inputs
  const float* y = nullptr;     // count x steps x outputs
  const float* mask = nullptr;  // count x steps x outputs, or null
};

// Describes the task completely but for x, y and mask of a data set, which stay null: upload the
// arrays of std::get<const task::Trials*>(task.recipe()), mask only if it is not empty, and set
// them.
TrialSource SourceOf(const task::Task& task);

// The words of a substream, in order.
class WordReader {
 public:
  RNNFARM_HD_INLINE WordReader(base::StreamKey key, uint64_t substream)
      : key_(key), substream_(substream) {}

  RNNFARM_HD_INLINE uint32_t Next() {
    const uint32_t place = taken_ % 4;
    if (place == 0) base::PhiloxBlock(key_, substream_, taken_ / 4, words_);
    ++taken_;
    // Chosen, not indexed: the words stay in registers.
    const uint32_t front = place == 0 ? words_[0] : words_[1];
    const uint32_t back = place == 2 ? words_[2] : words_[3];
    return place < 2 ? front : back;
  }

  RNNFARM_HD_INLINE double NextUniform() {
    const uint32_t first = Next();
    return base::UniformOfWords(first, Next());
  }

 private:
  base::StreamKey key_;
  uint64_t substream_;
  uint32_t taken_ = 0;
  uint32_t words_[4] = {};
};

// Trials by kind of task, as GenerateTrial gives them.

template <class Sink>
RNNFARM_HD void GenerateFlipFlop(const TrialSource& source, base::StreamKey key, uint64_t substream,
                                 int steps, Sink& sink) {
  uint32_t held[task::kMaxBits] = {};
  WordReader words(key, substream);
  for (int step = 0; step < steps; ++step) {
    const bool always = step == 0 && source.initial_pulse;
    const uint32_t threshold = always ? task::kAlwaysPulse : source.pulse_threshold;
    for (int channel = 0; channel < source.inputs; ++channel) {
      const uint32_t pulse = task::PulseBits(words.Next(), threshold);
      held[channel] = task::HeldBits(pulse, held[channel]);
      sink.Input(step, channel, __builtin_bit_cast(float, pulse));
      sink.Target(step, channel, __builtin_bit_cast(float, held[channel]));
    }
  }
}

// The target belongs to the command as the network sees it, rounded to float32.
template <class Sink>
RNNFARM_HD void GenerateSineWave(const TrialSource& source, base::StreamKey key, uint64_t substream,
                                 int steps, Sink& sink) {
  const auto command = static_cast<float>(WordReader(key, substream).NextUniform());
  const uint64_t phase_of_step = task::PhaseOfStep(
      task::FrequencyOfCommand(source.min_frequency, source.max_frequency, command));
  uint64_t phase = task::kFirstPhase;
  for (int step = 0; step < steps; ++step, phase += phase_of_step) {
    sink.Input(step, 0, command);
    sink.Target(step, 0, task::SineOfPhase(phase));
  }
}

// The target is the sum so far of the stream that the cue points to.
template <class Sink>
RNNFARM_HD void GenerateContextIntegration(const TrialSource& source, base::StreamKey key,
                                           uint64_t substream, int steps, Sink& sink) {
  double means[task::kMaxContexts];
  WordReader words(key, substream);
  for (int k = 0; k < source.contexts; ++k) {
    means[k] = base::UniformBetween(-1, 1, words.NextUniform());
  }
  const auto context = static_cast<int>(base::BelowOfWord(words.Next(), source.contexts));
  uint64_t block = task::FirstEvidenceBlock(source.contexts);
  double sum = 0;
  int step = 0, k = 0;
  while (step < steps) {
    float normals[4];
    base::NormalsOfBlock(key, substream, block++, 1, normals);
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int i = 0; i < 4 && step < steps; ++i) {
      const float evidence = task::EvidenceOf(means[k], normals[i]);
      sink.Input(step, k, evidence);
      sink.Input(step, source.contexts + k, k == context ? 1.0f : 0.0f);
      if (k == context) {
        sum += evidence;
        sink.Target(step, 0, static_cast<float>(sum));
      }
      if (++k == source.contexts) {
        k = 0;
        ++step;
      }
    }
  }
}

template <class Sink>
RNNFARM_HD void GenerateFromDataset(const TrialSource& source, base::StreamKey key,
                                    uint64_t substream, int steps, Sink& sink) {
  const size_t trial = base::BelowOfWord(WordReader(key, substream).Next(), source.count);
  const float* x = source.x + trial * source.steps * source.inputs;
  const float* y = source.y + trial * source.steps * source.outputs;
  const float* mask =
      source.mask == nullptr ? nullptr : source.mask + trial * source.steps * source.outputs;
  for (int step = 0; step < steps; ++step) {
    for (int i = 0; i < source.inputs; ++i) sink.Input(step, i, *x++);
    for (int i = 0; i < source.outputs; ++i) sink.Target(step, i, *y++);
    if (mask == nullptr) continue;
    for (int i = 0; i < source.outputs; ++i) sink.Mask(step, i, *mask++);
  }
}

// The first `steps` <= source.steps steps of trial `substream`, which the sink takes value by
// value, each once, step after step:
//   void Input(int step, int channel, float value);
//   void Target(int step, int output, float value);
//   void Mask(int step, int output, float weight);  // of a data set with a mask, else never called
template <class Sink>
RNNFARM_HD void GenerateTrial(const TrialSource& source, base::StreamKey key, uint64_t substream,
                              int steps, Sink& sink) {
  switch (source.kind) {
    case TrialSource::Kind::kFlipFlop:
      return GenerateFlipFlop(source, key, substream, steps, sink);
    case TrialSource::Kind::kSineWave:
      return GenerateSineWave(source, key, substream, steps, sink);
    case TrialSource::Kind::kContextIntegration:
      return GenerateContextIntegration(source, key, substream, steps, sink);
    case TrialSource::Kind::kDataset:
      return GenerateFromDataset(source, key, substream, steps, sink);
  }
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_TRIAL_SOURCE_H_
