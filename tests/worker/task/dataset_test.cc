#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "base/array_file.h"
#include "worker/task/task.h"

namespace rnnfarm::task {
namespace {

using testing::HasSubstr;

constexpr int kTrials = 5, kSteps = 4, kInputs = 2, kOutputs = 3;

base::Array Counting(std::vector<int64_t> shape) {
  std::vector<double> values(std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>()));
  std::iota(values.begin(), values.end(), 0.0);
  return base::Array::Of<double>(std::move(shape), values);
}

std::map<std::string, base::Array> Arrays() {
  return {{"inputs", Counting({kTrials, kSteps, kInputs})},
          {"targets", Counting({kTrials, kSteps, kOutputs})}};
}

Dataset DatasetOf(const std::map<std::string, base::Array>& arrays) {
  base::Archive archive;
  for (const auto& [name, array] : arrays) archive.Add(name, array);
  return {*archive.Encode(), "lab.npz"};
}

std::string Refusal(const std::map<std::string, base::Array>& arrays) {
  const auto task = MakeTask(DatasetOf(arrays));
  EXPECT_EQ(task.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(task.status().message());
}

TEST(DatasetTest, TrialsAreDrawnWholeAndWithReplacement) {
  const auto task = *MakeTask(DatasetOf(Arrays()));
  EXPECT_EQ(task->inputs(), kInputs);
  EXPECT_EQ(task->outputs(), kOutputs);
  EXPECT_EQ(task->steps(), kSteps);
  const base::StreamKey key = base::DeriveStream(1, "n", "trials");
  const Trials trials = task->Generate(key, 0, 64, kSteps);
  std::set<int> seen;
  for (int row = 0; row < 64; ++row) {
    const int source = static_cast<int>(trials.x[row * kSteps * kInputs]) / (kSteps * kInputs);
    seen.insert(source);
    for (int i = 0; i < kSteps * kInputs; ++i) {
      ASSERT_EQ(trials.x[row * kSteps * kInputs + i], source * kSteps * kInputs + i);
    }
    for (int i = 0; i < kSteps * kOutputs; ++i) {
      ASSERT_EQ(trials.y[row * kSteps * kOutputs + i], source * kSteps * kOutputs + i);
    }
  }
  EXPECT_EQ(seen.size(), kTrials);
  EXPECT_TRUE(trials.mask.empty());
  EXPECT_EQ(task->Generate(key, 7, 1, kSteps).x,
            std::vector<float>(trials.x.begin() + 7 * kSteps * kInputs,
                               trials.x.begin() + 8 * kSteps * kInputs));
  EXPECT_EQ(task->Generate(key, 7, 1, 2).x,
            std::vector<float>(trials.x.begin() + 7 * kSteps * kInputs,
                               trials.x.begin() + 7 * kSteps * kInputs + 4));
}

TEST(DatasetTest, TheProbeIsTheFirstTrialsAndTheConditionZeroUnlessGiven) {
  const auto task = *MakeTask(DatasetOf(Arrays()));
  EXPECT_EQ(task->start_noise(), 0.05);
  EXPECT_EQ(task->Probe(3).count, kTrials);
  EXPECT_EQ(task->Probe(3).x.back(), kTrials * kSteps * kInputs - 1);
  ASSERT_EQ(task->Conditions().size(), 1);
  EXPECT_EQ(task->Conditions()[0].input, std::vector<double>(kInputs, 0.0));
  auto arrays = Arrays();
  arrays["conditions"] = Counting({3, kInputs});
  const auto conditions = (*MakeTask(DatasetOf(arrays)))->Conditions();
  ASSERT_EQ(conditions.size(), 3);
  EXPECT_EQ(conditions[2].input, (std::vector<double>{4, 5}));
}

TEST(DatasetTest, AMaskByStepWeighsEveryOutput) {
  auto arrays = Arrays();
  arrays["mask"] = Counting({kTrials, kSteps});
  const Trials by_step = (*MakeTask(DatasetOf(arrays)))->Probe(0);
  ASSERT_EQ(by_step.mask.size(), by_step.y.size());
  for (size_t i = 0; i < by_step.mask.size(); ++i) EXPECT_EQ(by_step.mask[i], i / kOutputs);
  arrays["mask"] = Counting({kTrials, kSteps, kOutputs});
  const Trials by_output = (*MakeTask(DatasetOf(arrays)))->Probe(0);
  for (size_t i = 0; i < by_output.mask.size(); ++i) EXPECT_EQ(by_output.mask[i], i);
}

TEST(DatasetTest, WhatDoesNotFitIsRefusedByName) {
  auto arrays = Arrays();
  arrays.erase("targets");
  EXPECT_THAT(Refusal(arrays), HasSubstr("lab.npz: no array targets"));
  arrays = Arrays();
  arrays["targets"] = Counting({kTrials, kSteps + 1, kOutputs});
  EXPECT_THAT(Refusal(arrays), HasSubstr("targets has shape (5, 5, 3), expected (5, 4, any)"));
  arrays = Arrays();
  arrays["inputs"] = Counting({0, kSteps, kInputs});
  EXPECT_THAT(Refusal(arrays), HasSubstr("inputs has 0 trials"));
  arrays = Arrays();
  arrays["mask"] = Counting({kTrials, kSteps, kOutputs + 1});
  EXPECT_THAT(Refusal(arrays), HasSubstr("mask has shape"));
  arrays["mask"] = base::Array::Of<double>({kTrials, kSteps}, std::vector<double>(20, -1.0));
  EXPECT_THAT(Refusal(arrays), HasSubstr("mask has a negative weight"));
  arrays = Arrays();
  arrays["conditions"] = Counting({2, kInputs + 1});
  EXPECT_THAT(Refusal(arrays), HasSubstr("conditions has shape (2, 3)"));
  std::vector<float> values(kTrials * kSteps * kInputs, 0.0f);
  values[6] = std::numeric_limits<float>::quiet_NaN();
  arrays = Arrays();
  arrays["inputs"] = base::Array::Of<float>({kTrials, kSteps, kInputs}, values);
  EXPECT_THAT(Refusal(arrays), HasSubstr("inputs is not finite (or beyond float32) at element 6"));
  EXPECT_FALSE(MakeTask(Dataset{"no zip", "lab.npz"}).ok());
}

}  // namespace
}  // namespace rnnfarm::task
