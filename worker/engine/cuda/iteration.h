// What an iteration does beside the pass through the network: readout and loss, the readout's
// gradient, clipping and the update. All in float32 with sums of squares in float64, like
// cpu/cpu_learner.cc; sums are made in an order that depends on the layout alone.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_ITERATION_H_
#define RNNFARM_WORKER_ENGINE_CUDA_ITERATION_H_

#include <cmath>

#include "worker/engine/cuda/layout.h"

namespace rnnfarm::engine::cuda {

// 0 x is 0 for every finite x and NaN for all others.
RNNFARM_HD_INLINE bool IsFinite(double x) { return 0 * x == 0; }

// Sum of one double a thread, through the block's own memory (2 kThreads floats); the same order
// everywhere. Every thread may read it from shared()[0] as a double afterwards.
template <int kThreads, class Block, class Value>
RNNFARM_HD double SumOfThreads(const Block& block, Value value) {
  double* sums = reinterpret_cast<double*>(block.shared());
  block.ForEach([&](int thread) { sums[thread] = value(thread); });
  for (int half = kThreads / 2; half > 0; half /= 2) {
    block.ForEach([&](int thread) {
      if (thread < half) sums[thread] += sums[thread + half];
    });
  }
  const double sum = sums[0];
  block.ForEach([](int) {});  // before the memory is used again
  return sum;
}

// y of every step and row, ∂loss/∂y, and parts of the sum of mask · (y - target)².
struct Errors {
  static constexpr int kThreads = 128;
  static constexpr int64_t kSharedFloats = 2 * kThreads;
  Layout layout;
  Arrays arrays;
  int steps = 0;
  int rows = 0;             // of the batch that count; the others have no error
  int64_t target_slot = 0;  // 0: all slots have the same targets

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t slot = block.index() / kLossParts;
    const int part = static_cast<int>(block.index() % kLossParts);
    const double sum = SumOfThreads<kThreads>(
        block, [&](int thread) { return SumOfThread(slot, part * kThreads + thread); });
    block.ForEach([&](int thread) {
      if (thread == 0) arrays.loss_parts[block.index()] = sum;
    });
  }

 private:
  RNNFARM_HD double SumOfThread(int64_t slot, int first) const {
    double squares = 0;
    const int count = steps * layout.batch;
    for (int i = first; i < count; i += kLossParts * kThreads) {
      squares += SquaresOf(slot, i / layout.batch, i % layout.batch);
    }
    return squares;
  }

  RNNFARM_HD double SquaresOf(int64_t slot, int t, int row) const {
    const int outputs = layout.outputs;
    const int64_t at = int64_t{t} * layout.batch + row;
    const float* next = arrays.state + slot * layout.state_slot() +
                        (at + layout.batch) * layout.row;  // [x, 1, h] of step t + 1
    const float* readout = arrays.weights + slot * layout.weights_size() + layout.readout_at();
    float* error = arrays.error + slot * layout.output_slot() + at * outputs;
    const int64_t place = slot * target_slot + (int64_t{row} * layout.steps + t) * outputs;
    const float scale = static_cast<float>(2 / (static_cast<double>(rows) * steps * outputs));
    double squares = 0;
    for (int k = 0; k < outputs; ++k, readout += layout.row) {
      if (row >= rows) {
        error[k] = 0;
        continue;
      }
      float y = readout[layout.inputs];
      for (int u = layout.head; u < layout.head + layout.units; ++u) {
        y = base::MultiplyAdd(next[u], readout[u], y);
      }
      const float difference = y - arrays.target[place + k];
      const float weight = arrays.mask == nullptr ? 1.0f : arrays.mask[place + k];
      squares += static_cast<double>(weight) * difference * difference;
      error[k] = scale * weight * difference;
    }
    return squares;
  }
};

// The readout's gradient over one segment of steps: one thread a column.
struct ReadoutGradient {
  static constexpr int kThreads = 128;
  static constexpr int kOutputs = 4;  // that share a reading of the states
  Layout layout;
  Arrays arrays;
  int steps = 0;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t slot = block.index() / kSegments;
    const int segment = static_cast<int>(block.index() % kSegments);
    const int64_t first = int64_t{steps} * segment / kSegments * layout.batch;
    const int64_t end = int64_t{steps} * (segment + 1) / kSegments * layout.batch;
    block.ForEach([&](int thread) {
      for (int column = thread; column < layout.row; column += kThreads) {
        for (int k = 0; k < layout.outputs; k += kOutputs)
          Column(slot, segment, first, end, column, k);
      }
    });
  }

 private:
  RNNFARM_HD void Column(int64_t slot, int segment, int64_t first, int64_t end, int column,
                         int first_output) const {
    const int outputs = layout.outputs;
    const float* next =
        arrays.state + slot * layout.state_slot() + int64_t{layout.batch} * layout.row + column;
    // The bias belongs to the 1 of a row, whichever step it is of.
    const float* error = arrays.error + slot * layout.output_slot() + first_output;
    float sums[kOutputs] = {};
    const int count = outputs - first_output < kOutputs ? outputs - first_output : kOutputs;
    for (int64_t i = first; i < end; ++i) {
      const float value = next[i * layout.row];
      for (int k = 0; k < kOutputs; ++k) {
        if (k < count) sums[k] = base::MultiplyAdd(error[i * outputs + k], value, sums[k]);
      }
    }
    float* to = arrays.readout_segments +
                ((slot * kSegments + segment) * outputs + first_output) * layout.row + column;
    for (int k = 0; k < kOutputs; ++k) {
      if (k < count) to[int64_t{k} * layout.row] = sums[k];
    }
  }
};

// The loss of an iteration, clipping by the global norm, momentum, the next weights. One block a
// slot.
struct Update {
  static constexpr int kThreads = 256;
  static constexpr int64_t kSharedFloats = 2 * kThreads;
  Layout layout;
  Arrays arrays;
  int steps = 0;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    const int64_t index = block.index();
    Slot& slot = arrays.slots[index];
    if (!arrays.at_work(index)) return;  // all threads alike
    const int64_t t = slot.iteration;
    float* gradient = arrays.gradient + index * layout.weights_size();
    block.ForEach([&](int thread) { CollectReadout(index, gradient, thread); });
    const float* theta = arrays.parameters + index * layout.parameter_count();
    const float decay = static_cast<float>(2 * slot.l2);
    const double squares = SumOfThreads<kThreads>(block, [&](int thread) {
      double sum = 0;
      for (int64_t p = thread; p < layout.parameter_count(); p += kThreads) {
        const double g = gradient[PlaceOf(layout, p).at] + decay * theta[p];
        sum += g * g;
      }
      return sum;
    });
    const double loss = LossOf(index);
    const double norm = sqrt(squares);
    const bool finite = IsFinite(loss) && IsFinite(norm);
    double wrong = 0;
    if (finite) {
      const float scale = static_cast<float>(norm > slot.clip_norm ? slot.clip_norm / norm : 1);
      const double share = static_cast<double>(t) / slot.decay_steps;
      const float rate = static_cast<float>(slot.learning_rate * pow(slot.lr_decay, share));
      wrong = SumOfThreads<kThreads>(block, [&](int thread) {
        return MoveThread(index, gradient, decay, scale, rate, slot.momentum, thread);
      });
    }
    block.ForEach([&](int thread) {
      if (thread != 0) return;
      if (!finite || wrong > 0) {
        slot.diverged_at = t;
      } else {
        slot.pending_loss += loss;
        slot.iteration = t + 1;
      }
    });
  }

 private:
  RNNFARM_HD double LossOf(int64_t slot) const {
    double sum = 0;
    for (int part = 0; part < kLossParts; ++part)
      sum += arrays.loss_parts[slot * kLossParts + part];
    return sum / (static_cast<double>(layout.batch) * steps * layout.outputs);
  }

  RNNFARM_HD void CollectReadout(int64_t slot, float* gradient, int thread) const {
    const int64_t size = int64_t{layout.outputs} * layout.row;
    const float* segments = arrays.readout_segments + slot * kSegments * size;
    for (int64_t i = thread; i < size; i += kThreads) {
      float sum = 0;
      for (int segment = 0; segment < kSegments; ++segment) sum += segments[segment * size + i];
      gradient[layout.readout_at() + i] = sum;
    }
  }

  // How many numbers are not finite.
  RNNFARM_HD double MoveThread(int64_t slot, const float* gradient, float decay, float scale,
                               float rate, float momentum, int thread) const {
    float* theta = arrays.parameters + slot * layout.parameter_count();
    float* velocity = arrays.velocity + slot * layout.parameter_count();
    float* weights = arrays.weights + slot * layout.weights_size();
    double wrong = 0;
    for (int64_t p = thread; p < layout.parameter_count(); p += kThreads) {
      const Placed place = PlaceOf(layout, p);
      const float g = gradient[place.at] + decay * theta[p];
      const float v = momentum * velocity[p] + scale * g;
      const float moved = theta[p] - rate * v;
      velocity[p] = v;
      theta[p] = moved;
      weights[place.at] = moved + place.offset;
      if (!(IsFinite(v) && IsFinite(moved))) wrong += 1;
    }
    return wrong;
  }
};

// The weights of freshly loaded parameters.
struct PlaceParameters {
  static constexpr int kThreads = 256;
  Layout layout;
  Arrays arrays;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const float* theta = arrays.parameters + block.index() * layout.parameter_count();
      float* weights = arrays.weights + block.index() * layout.weights_size();
      for (int64_t p = thread; p < layout.parameter_count(); p += kThreads) {
        const Placed place = PlaceOf(layout, p);
        weights[place.at] = theta[p] + place.offset;
      }
    });
  }
};

// Each slot's sum of squares, where the host reads it.
struct CollectSquares {
  static constexpr int kThreads = 32;
  Arrays arrays;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      if (thread != 0) return;
      double sum = 0;
      for (int part = 0; part < kLossParts; ++part) {
        sum += arrays.loss_parts[block.index() * kLossParts + part];
      }
      arrays.slots[block.index()].squares = sum;
    });
  }
};

// The 1 of every row of the states, once.
struct WriteOnes {
  static constexpr int kThreads = 128;
  Layout layout;
  Arrays arrays;

  template <class Block>
  RNNFARM_HD void operator()(const Block& block) const {
    block.ForEach([&](int thread) {
      const int64_t rows = int64_t{layout.steps + 1} * layout.batch;
      float* state = arrays.state + block.index() * layout.state_slot() + layout.inputs;
      for (int64_t row = thread; row < rows; row += kThreads) state[row * layout.row] = 1;
    });
  }
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_ITERATION_H_
