// The functions that devices generate trials and noise by, run on the processor: the bits of
// Task::Generate and FillNormals.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "base/array_file.h"
#include "base/random_stream.h"
#include "worker/engine/cuda/trial_source.h"
#include "worker/task/task.h"

namespace rnnfarm::engine::cuda {
namespace {

using task::ContextIntegration;
using task::Dataset;
using task::FlipFlop;
using task::SineWave;

static_assert(std::is_trivially_copyable_v<TrialSource>, "travels to kernels by value");

constexpr base::StreamKey kKey{0x243f6a88, 0x85a308d3};
// Beyond 2^32: both words of the counter's upper half count.
constexpr uint64_t kSubstreams[] = {0, 1, 63, 64 * 9'999, (uint64_t{5} << 32) + 3};

// One trial, each of whose values must be given once.
class RecordedTrial {
 public:
  RecordedTrial(int steps, int inputs, int outputs)
      : inputs_(inputs),
        outputs_(outputs),
        x_(size_t(steps) * inputs, kNotGiven),
        y_(size_t(steps) * outputs, kNotGiven),
        mask_(size_t(steps) * outputs, kNotGiven) {}

  void Input(int step, int channel, float value) { Put(step, channel, inputs_, value, x_); }
  void Target(int step, int output, float value) { Put(step, output, outputs_, value, y_); }
  void Mask(int step, int output, float weight) {
    has_mask_ = true;
    Put(step, output, outputs_, weight, mask_);
  }

  const std::vector<float>& x() const { return x_; }
  const std::vector<float>& y() const { return y_; }
  std::vector<float> mask() const { return has_mask_ ? mask_ : std::vector<float>(); }

 private:
  static constexpr float kNotGiven = std::numeric_limits<float>::quiet_NaN();

  static void Put(int step, int channel, int channels, float value, std::vector<float>& values) {
    ASSERT_GE(channel, 0);
    ASSERT_LT(channel, channels);
    float& place = values.at(size_t(step) * channels + channel);
    EXPECT_TRUE(std::isnan(place)) << "step " << step << ", channel " << channel << " given twice";
    place = value;
  }

  int inputs_, outputs_;
  bool has_mask_ = false;
  std::vector<float> x_, y_, mask_;
};

std::vector<uint32_t> Bits(absl::Span<const float> values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

// The arrays of a data set stay where they are: here the processor is the device.
TrialSource SourceWithArrays(const task::Task& task) {
  TrialSource source = SourceOf(task);
  const task::TrialRecipe recipe = task.recipe();
  if (const auto* trials = std::get_if<const task::Trials*>(&recipe)) {
    source.x = (*trials)->x.data();
    source.y = (*trials)->y.data();
    source.mask = (*trials)->mask.empty() ? nullptr : (*trials)->mask.data();
  }
  return source;
}

// Whole trials and those that a curriculum shortens.
void ExpectTheTrialsOf(const task::TaskSpec& spec) {
  const auto made = task::MakeTask(spec);
  ASSERT_TRUE(made.ok()) << made.status();
  const task::Task& task = **made;
  const TrialSource source = SourceWithArrays(task);
  EXPECT_EQ(source.steps, task.steps());
  for (const int steps : {task.steps(), 1, (task.steps() + 1) / 2, task.steps() - 1}) {
    if (steps < 1) continue;
    for (const uint64_t substream : kSubstreams) {
      SCOPED_TRACE(testing::Message() << steps << " steps, substream " << substream);
      RecordedTrial trial(steps, source.inputs, source.outputs);
      GenerateTrial(source, kKey, substream, steps, trial);
      const task::Trials expected = task.Generate(kKey, substream, 1, steps);
      ASSERT_EQ(Bits(trial.x()), Bits(expected.x));
      ASSERT_EQ(Bits(trial.y()), Bits(expected.y));
      ASSERT_EQ(Bits(trial.mask()), Bits(expected.mask));
    }
  }
}

TEST(CudaTrialsTest, FlipFlop) {
  for (const int bits : {1, 2, 3, 4, 5, 16}) {
    for (const bool initial_pulse : {false, true}) {
      for (const int steps : {1, 99, 100}) {
        for (const double probability : {0.0, 0.05, 0.5, 1.0}) {
          SCOPED_TRACE(testing::Message() << bits << " bits, " << steps << " steps, initial pulse "
                                          << initial_pulse << ", probability " << probability);
          ExpectTheTrialsOf(FlipFlop{.bits = bits,
                                     .steps = steps,
                                     .flip_probability = probability,
                                     .initial_pulse = initial_pulse});
        }
      }
    }
  }
  // More words than the processor's loop takes at a time.
  ExpectTheTrialsOf(FlipFlop{.bits = 3, .steps = 1'001});
}

TEST(CudaTrialsTest, SineWave) {
  ExpectTheTrialsOf(SineWave{});
  ExpectTheTrialsOf(SineWave{.steps = 1'237, .min_frequency = 0, .max_frequency = 0.5});
  ExpectTheTrialsOf(SineWave{.steps = 33, .min_frequency = 0.5, .max_frequency = 0.5});
  ExpectTheTrialsOf(SineWave{.steps = 7, .min_frequency = 0, .max_frequency = 0});
}

TEST(CudaTrialsTest, ContextIntegration) {
  for (const int contexts : {1, 2, 3, 5, 17, 64}) {
    for (const int steps : {1, 30, 301}) {
      SCOPED_TRACE(testing::Message() << contexts << " contexts, " << steps << " steps");
      ExpectTheTrialsOf(ContextIntegration{.contexts = contexts, .steps = steps});
    }
  }
}

base::Array Counting(std::vector<int64_t> shape, double first) {
  std::vector<double> values(std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>()));
  std::iota(values.begin(), values.end(), first);
  return base::Array::Of<double>(std::move(shape), values);
}

TEST(CudaTrialsTest, Dataset) {
  for (const bool masked : {false, true}) {
    SCOPED_TRACE(masked ? "with a mask" : "without a mask");
    base::Archive archive;
    archive.Add("inputs", Counting({7, 9, 2}, 0.1));
    archive.Add("targets", Counting({7, 9, 3}, 1'000.1));
    if (masked) archive.Add("mask", Counting({7, 9, 3}, 0.3));
    ExpectTheTrialsOf(Dataset{*archive.Encode(), "lab.npz"});
  }
}

TEST(CudaTrialsTest, TheArraysOfADataSetAreLeftToTheCaller) {
  base::Archive archive;
  archive.Add("inputs", Counting({7, 9, 2}, 0));
  archive.Add("targets", Counting({7, 9, 3}, 0));
  const TrialSource source = SourceOf(**task::MakeTask(Dataset{*archive.Encode(), "lab.npz"}));
  EXPECT_EQ(source.kind, TrialSource::Kind::kDataset);
  EXPECT_EQ(source.count, 7);
  EXPECT_EQ(source.x, nullptr);
  EXPECT_EQ(source.y, nullptr);
  EXPECT_EQ(source.mask, nullptr);
}

TEST(CudaTrialsTest, Noise) {
  for (const double deviation : {0.0, 0.05, 1.0, 0.3}) {
    for (const uint64_t substream : kSubstreams) {
      for (const size_t size : {1, 2, 3, 5, 63, 257, 10'001}) {
        SCOPED_TRACE(testing::Message() << size << " values, substream " << substream);
        std::vector<float> noise;
        for (uint64_t block = 0; noise.size() < size; ++block) {
          float normals[4];
          base::NormalsOfBlock(kKey, substream, block, deviation, normals);
          noise.insert(noise.end(), std::begin(normals), std::end(normals));
        }
        noise.resize(size);
        std::vector<float> expected(size);
        base::FillNormals(kKey, substream, deviation, absl::MakeSpan(expected));
        ASSERT_EQ(Bits(noise), Bits(expected));
      }
    }
  }
}

}  // namespace
}  // namespace rnnfarm::engine::cuda
