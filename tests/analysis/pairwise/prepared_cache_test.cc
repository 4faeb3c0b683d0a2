#include "analysis/pairwise/prepared_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "analysis/metric_registry.h"
#include "base/digest.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

constexpr int kNetworks = 40;
constexpr int kSamples = 50, kUnits = 4;
// What one of them takes.
constexpr int64_t kBytes = kSamples * kUnits * sizeof(float);

class PreparedCacheTest : public ::testing::Test {
 protected:
  PreparedCacheTest()
      : metric_(MakeMetric("cca").value()),
        folder_(::testing::TempDir() + "/rnnfarm_prepared_cache"),
        scratch_(folder_) {
    std::filesystem::remove_all(folder_);
    for (int i = 0; i < kNetworks; ++i) {
      base::RandomStream stream({7, 8}, i);
      std::vector<double> values(kSamples * kUnits);
      for (double& value : values) value = stream.Normal();
      files_.push_back(base::EncodeNpy(base::Array::Of<double>({kSamples, kUnits}, values)));
      input_.files.push_back({absl::StrCat(i), base::DigestOf(files_.back()), ""});
    }
    input_.metric = metric_.get();
    input_.identity = "cca";
    input_.read = [this](int i) -> absl::StatusOr<std::string> {
      ++reads_;
      return files_[i];
    };
  }
  ~PreparedCacheTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Metric> metric_;
  std::string folder_;
  Scratch scratch_;
  std::vector<std::string> files_;
  PairwiseInput input_;
  int reads_ = 0;
};

TEST_F(PreparedCacheTest, HoldsNoMoreThanItMay) {
  for (const Scratch* scratch : {static_cast<const Scratch*>(nullptr), &std::as_const(scratch_)}) {
    reads_ = 0;
    PreparedCache cache(input_, 10 * kBytes, scratch);
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < kNetworks; ++i) {
        const auto prepared = cache.Get(i);
        ASSERT_TRUE(prepared.ok()) << prepared.status();
        EXPECT_EQ((*prepared)->bytes(), kBytes);
        EXPECT_LE(cache.held_bytes(), 10 * kBytes);
      }
    }
    // Without a folder they are read and prepared again.
    EXPECT_EQ(reads_, scratch == nullptr ? 2 * kNetworks : kNetworks);
  }
}

TEST_F(PreparedCacheTest, WhatIsInUseStays) {
  PreparedCache cache(input_, 2 * kBytes, &scratch_);
  std::vector<std::shared_ptr<const Prepared>> used;
  for (int i = 0; i < 6; ++i) used.push_back(*cache.Get(i));
  EXPECT_EQ(cache.held_bytes(), 6 * kBytes);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(*cache.Get(i), used[i]);
  used.clear();
  ASSERT_TRUE(cache.Get(10).ok());
  EXPECT_LE(cache.held_bytes(), 2 * kBytes);
}

TEST_F(PreparedCacheTest, ManyThreadsPrepareEachOnceAndGetTheSame) {
  std::vector<Matrix> alone;
  for (const std::string& file : files_) {
    alone.push_back(metric_->Prepare(file, "file")->factors.cast<double>());
  }
  for (int64_t memory : {int64_t{1}, 7 * kBytes, kNetworks * kBytes}) {
    std::filesystem::remove_all(folder_);
    reads_ = 0;
    PreparedCache cache(input_, memory, &scratch_);
    std::vector<std::jthread> threads;
    std::atomic<int> wrong = 0;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int k = 0; k < 3 * kNetworks; ++k) {
          const int i = (k * (2 * t + 1) + t) % kNetworks;
          if ((*cache.Get(i))->factors.cast<double>() != alone[i]) ++wrong;
        }
      });
    }
    threads.clear();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(cache.held_bytes(), std::max(memory, kBytes));
    if (memory > kNetworks * kBytes / 2) {
      EXPECT_EQ(reads_, kNetworks);
    }
  }
}

}  // namespace
}  // namespace rnnfarm::analysis
