// What trials are made of, value by value: tasks loop over these on the processor, engines on a
// device (base/host_device.h), and both get the same bits.
#ifndef RNNFARM_WORKER_TASK_TRIAL_VALUES_H_
#define RNNFARM_WORKER_TASK_TRIAL_VALUES_H_

#include <cmath>
#include <cstdint>

#include "base/host_device.h"

namespace rnnfarm::task {

// Flip-flop. Word `step` * bits + `channel` of a trial's substream decides the pulse there.

// Channels of a flip-flop: 3^K fixed points are expected; nobody analyses more than this.
inline constexpr int kMaxBits = 16;

// A threshold that every word is below.
inline constexpr uint32_t kAlwaysPulse = uint32_t{1} << 31;

// The threshold of a probability.
inline uint32_t PulseThreshold(double probability) {
  return static_cast<uint32_t>(std::llround(probability * 0x1p31));
}

// The bits of 1 or -1 where there is a pulse, of 0 elsewhere: the word's upper 31 bits decide
// whether there is one, the lowest one its sign.
RNNFARM_HD_INLINE uint32_t PulseBits(uint32_t word, uint32_t threshold) {
  constexpr uint32_t kOne = 0x3f800000;
  const uint32_t value = kOne | ((~word & 1) << 31);
  return (word >> 1) < threshold ? value : 0;
}

// The bits of the latest pulse, without a branch that nobody can predict.
RNNFARM_HD_INLINE uint32_t HeldBits(uint32_t pulse, uint32_t held) {
  return pulse | (held & (pulse == 0 ? ~uint32_t{0} : 0));
}

// Sine wave. The command is UniformOfWords of the substream's first two words.

// Cycles a step at a command in [0, 1].
RNNFARM_HD_INLINE double FrequencyOfCommand(double min_frequency, double max_frequency,
                                            double command) {
  return min_frequency + (max_frequency - min_frequency) * command;
}

// Phases count 2^-64 cycles and wrap around by themselves. They start half a cycle ahead, so that
// the upper bits as the fraction of a number in [1, 2), less 1.5, are cycles in [-1/2, 1/2).
inline constexpr uint64_t kFirstPhase = uint64_t{1} << 63;

// What each step adds to the phase, for a frequency in [0, 1/2] cycles a step.
RNNFARM_HD_INLINE uint64_t PhaseOfStep(double frequency) {
  return static_cast<uint64_t>(frequency * 0x1p64);
}

RNNFARM_HD_INLINE float SineOfPhase(uint64_t phase) {
  constexpr uint64_t kBitsOfOne = 0x3ff0000000000000;
  const double cycles = __builtin_bit_cast(double, (phase >> 12) | kBitsOfOne) - 1.5;
  // Distance to the nearest zero of the sine, in [0, 1/4]: exact.
  const double m = 0.25 - std::fabs(std::fabs(cycles) - 0.25);
  const double w = m * m;
  // sin(2 pi m) / m by Chebyshev's fit in w on [0, 1/16], its error below 1e-15.
  double p = -0.69250670107207168;
  p = p * w + 3.817365633469135;
  p = p * w - 15.094506140734291;
  p = p * w + 42.058689953950939;
  p = p * w - 76.705859689628667;
  p = p * w + 81.605249275579766;
  p = p * w - 41.341702240398284;
  p = p * w + 6.2831853071795853;
  return static_cast<float>(std::copysign(m * p, cycles));
}

// Context integration. The first words of a substream are the means, two words each, and the
// context; the evidence takes the normals of the words from the next whole block on, step by step,
// stream by stream.

inline constexpr int kMaxContexts = 64;

RNNFARM_HD_INLINE uint64_t FirstEvidenceBlock(int contexts) {
  return (2 * static_cast<uint64_t>(contexts) + 1 + 3) / 4;
}

RNNFARM_HD_INLINE float EvidenceOf(double mean, float normal) {
  return static_cast<float>(mean + normal);
}

}  // namespace rnnfarm::task

#endif  // RNNFARM_WORKER_TASK_TRIAL_VALUES_H_
