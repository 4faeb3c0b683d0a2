// Trials and noise of an iteration, and the trials of the validation set. To be compiled with
// -fmad=false for a device (trial_source.h).
#ifndef RNNFARM_WORKER_ENGINE_CUDA_DRAW_H_
#define RNNFARM_WORKER_ENGINE_CUDA_DRAW_H_

#include "worker/engine/cuda/layout.h"
#include "worker/engine/cuda/trial_source.h"

namespace rnnfarm::engine::cuda {

// One thread a trial.
struct DrawTrials {
  static constexpr int kThreads = 64;
  Layout layout;
  Arrays arrays;
  TrialSource source;
  int64_t slots = 0;
  int steps = 0;

  static int64_t Blocks(const Layout& layout, int64_t slots) {
    return (slots * layout.batch + kThreads - 1) / kThreads;
  }

  // Writes one trial where the products and the loss look for it.
  struct Sink {
    int64_t state_step;
    int outputs;
    float *state, *target, *mask;

    RNNFARM_HD_INLINE void Input(int step, int channel, float value) const {
      state[step * state_step + channel] = value;
    }
    RNNFARM_HD_INLINE void Target(int step, int output, float value) const {
      target[int64_t{step} * outputs + output] = value;
    }
    RNNFARM_HD_INLINE void Mask(int step, int output, float weight) const {
      mask[int64_t{step} * outputs + output] = weight;
    }
  };

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const int64_t trial = block.index() * kThreads + thread;
      const int64_t slot = trial / layout.batch, row = trial % layout.batch;
      if (slot >= slots || !arrays.at_work(slot)) return;
      const int64_t outputs = slot * layout.output_slot() + row * layout.steps * layout.outputs;
      Sink sink;
      sink.state_step = int64_t{layout.batch} * layout.row;
      sink.outputs = layout.outputs;
      sink.state = arrays.state + slot * layout.state_slot() + row * layout.row;
      sink.target = arrays.target + outputs;
      sink.mask = arrays.mask == nullptr ? nullptr : arrays.mask + outputs;
      const Slot& own = arrays.slots[slot];
      const uint64_t substream = static_cast<uint64_t>(own.iteration) * layout.batch + row;
      GenerateTrial(source, own.trials, substream, steps, sink);
    });
  }
};

// One thread four values of one row's noise.
struct DrawNoise {
  static constexpr int kThreads = 128;
  Layout layout;
  Arrays arrays;
  int64_t slots = 0;
  int steps = 0;

  RNNFARM_HD static int64_t RowBlocks(const Layout& layout, int steps) {
    return (int64_t{steps} * layout.units + 3) / 4;
  }
  static int64_t Blocks(const Layout& layout, int64_t slots, int steps) {
    return (slots * layout.batch * RowBlocks(layout, steps) + kThreads - 1) / kThreads;
  }

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const int64_t index = block.index() * kThreads + thread;
      const int64_t in_row = RowBlocks(layout, steps);
      const int64_t slot = index / in_row / layout.batch, row = index / in_row % layout.batch;
      if (slot >= slots || !arrays.at_work(slot)) return;
      const int64_t first = index % in_row;
      const Slot& own = arrays.slots[slot];
      const uint64_t substream = static_cast<uint64_t>(own.iteration) * layout.batch + row;
      float values[4];
      base::NormalsOfBlock(own.noise, substream, first, layout.deviation, values);
      float* to = arrays.noise + slot * layout.noise_slot() + row * layout.steps * layout.units;
      const int64_t size = int64_t{steps} * layout.units;
      for (int i = 0; i < 4; ++i) {
        if (first * 4 + i < size) to[first * 4 + i] = values[i];
      }
    });
  }
};

// Inputs of trials first … first + rows - 1 of the validation set, for every slot. One thread a
// row.
struct CopyInputs {
  static constexpr int kThreads = 64;
  Layout layout;
  Arrays arrays;
  const float* inputs = nullptr;  // (trials, T, M)
  int64_t slots = 0;
  int64_t first = 0;
  int rows = 0;

  static int64_t Blocks(const Layout& layout, int64_t slots) {
    return (slots * layout.batch + kThreads - 1) / kThreads;
  }

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const int64_t index = block.index() * kThreads + thread;
      const int64_t slot = index / layout.batch, row = index % layout.batch;
      if (slot >= slots) return;
      float* state = arrays.state + slot * layout.state_slot() + row * layout.row;
      const float* from = inputs + (first + row) * layout.steps * layout.inputs;
      for (int t = 0; t < layout.steps; ++t) {
        for (int m = 0; m < layout.inputs; ++m) {
          state[int64_t{t} * layout.batch * layout.row + m] =
              row < rows ? from[int64_t{t} * layout.inputs + m] : 0;
        }
      }
    });
  }
};

// Launches the first two, as far as the network needs them.
template <class Machine>
void Draw(Machine& machine, const Layout& layout, const Arrays& arrays, const TrialSource& source,
          int64_t slots, int steps) {
  machine.Launch(DrawTrials{layout, arrays, source, slots, steps},
                 DrawTrials::Blocks(layout, slots), 0);
  if (arrays.noise == nullptr) return;
  machine.Launch(DrawNoise{layout, arrays, slots, steps}, DrawNoise::Blocks(layout, slots, steps),
                 0);
}

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_DRAW_H_
