#include "analysis/pairwise/pairwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "analysis/metric_registry.h"
#include "base/digest.h"
#include "base/random_stream.h"

namespace rnnfarm::analysis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Two full blocks and a part of one.
constexpr int kNetworks = 2 * kTileSide + 12;

// A metric that counts its work.
class Counting : public Metric {
 public:
  explicit Counting(const std::string& name) : metric_(MakeMetric(name).value()) {}
  absl::StatusOr<Prepared> Prepare(absl::string_view bytes,
                                   absl::string_view source) const override {
    ++prepared;
    return metric_->Prepare(bytes, source);
  }
  double Distance(const Prepared& a, const Prepared& b, const Matrix& product) const override {
    ++distances;
    return metric_->Distance(a, b, product);
  }

  mutable std::atomic<int> prepared = 0, distances = 0;

 private:
  std::unique_ptr<Metric> metric_;
};

class PairwiseTest : public ::testing::Test {
 protected:
  PairwiseTest()
      : metric_("svcca"), folder_(::testing::TempDir() + "/rnnfarm_pairwise"), scratch_(folder_) {
    fs::remove_all(folder_);
    for (int i = 0; i < kNetworks; ++i) Add(20, 2 + i % 9, i);
    input_.metric = &metric_;
    input_.identity = "svcca";
    input_.read = [this](int i) -> absl::StatusOr<std::string> { return files_[i]; };
  }
  ~PairwiseTest() override { fs::remove_all(folder_); }

  void Add(int samples, int units, uint64_t substream) {
    base::RandomStream stream({1, 2}, substream);
    std::vector<double> values(samples * units);
    for (double& value : values) value = stream.Normal();
    AddFile(base::EncodeNpy(base::Array::Of<double>({samples, units}, values)));
  }
  void AddFile(const std::string& bytes) {
    files_.push_back(bytes);
    input_.files.push_back(
        {absl::StrCat("network ", files_.size() - 1), base::DigestOf(bytes), ""});
  }
  Matrix Distances(const PairwiseOptions& options) {
    auto result = MeasureAllPairs(input_, options);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->distances : Matrix();
  }
  // One pair at a time.
  Matrix Expected() {
    std::vector<Prepared> prepared;
    for (const std::string& file : files_) prepared.push_back(*metric_.Prepare(file, "file"));
    return MeasureAllPairs(metric_, prepared, 2);
  }

  Counting metric_;
  std::string folder_;
  Scratch scratch_;
  std::vector<std::string> files_;
  PairwiseInput input_;
};

TEST_F(PairwiseTest, TheSameBytesForAnyThreadsMemoryAndScratch) {
  const Matrix expected = Expected();
  EXPECT_EQ(expected, expected.transpose());
  for (int threads : {1, 3}) {
    for (int64_t memory : {int64_t{1}, int64_t{30'000}, kDefaultMemoryBytes}) {
      EXPECT_EQ(Distances({.threads = threads, .memory_bytes = memory}), expected);
      EXPECT_EQ(Distances({.threads = threads, .memory_bytes = memory, .scratch = &scratch_}),
                expected);
      scratch_.Remove();
    }
  }
}

TEST_F(PairwiseTest, EachNetworkIsPreparedOnceHoweverLittleMemoryThereIs) {
  Distances({.memory_bytes = 1, .scratch = &scratch_});
  EXPECT_EQ(metric_.prepared, kNetworks);
}

TEST_F(PairwiseTest, GoesOnFromFinishedTiles) {
  // More tiles than are computed between two reports.
  for (int i = kNetworks; i < 6 * kTileSide + 5; ++i) Add(20, 2 + i % 9, i);
  const int n = static_cast<int>(files_.size());
  const Matrix expected = Expected();
  double reached = 0;
  metric_.distances = 0;
  auto half = MeasureAllPairs(input_, {.scratch = &scratch_, .share_done = [&](double share) {
                                         reached = share;
                                         return share < 0.5;
                                       }});
  ASSERT_TRUE(absl::IsCancelled(half.status()));
  EXPECT_LT(reached, 1);
  const int before = metric_.distances;
  EXPECT_GT(before, 0);
  EXPECT_EQ(Distances({.threads = 2, .scratch = &scratch_}), expected);
  // No pair was computed twice.
  EXPECT_EQ(metric_.distances, n * (n - 1) / 2);
  metric_.prepared = 0;
  EXPECT_EQ(Distances({.scratch = &scratch_}), expected);
  EXPECT_EQ(metric_.prepared, 0);
}

TEST_F(PairwiseTest, ADamagedTileIsComputedAgain) {
  const Matrix expected = Distances({.scratch = &scratch_});
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\x55');
  }
  metric_.distances = 0;
  EXPECT_EQ(Distances({.scratch = &scratch_}), expected);
  EXPECT_EQ(metric_.distances, kNetworks * (kNetworks - 1) / 2);
}

TEST_F(PairwiseTest, AnotherFileOrMetricIsAnotherTile) {
  const Matrix before = Distances({.scratch = &scratch_});
  metric_.distances = 0;
  Add(20, 5, 1000);
  files_[3] = files_.back();
  input_.files[3] = input_.files.back();
  files_.pop_back();
  input_.files.pop_back();
  const Matrix after = Distances({.scratch = &scratch_});
  EXPECT_NE(after(3, 70), before(3, 70));
  EXPECT_EQ(after(4, 70), before(4, 70));
  // The three tiles of the first block.
  EXPECT_EQ(metric_.distances,
            kTileSide * (kTileSide - 1) / 2 + kTileSide * (kNetworks - kTileSide));
  const Counting other("cka");
  input_.metric = &other;
  input_.identity = "cka";
  EXPECT_NE(Distances({.scratch = &scratch_})(4, 70), before(4, 70));
}

TEST_F(PairwiseTest, WhatCannotBeComparedIsNaNWithItsReason) {
  AddFile("no array");
  Add(25, 3, 2000);  // other samples
  Add(25, 4, 2001);
  input_.files.push_back({"network", "", "it has no file"});
  const Scratch* const scratches[] = {nullptr, &scratch_, &scratch_};
  for (const Scratch* scratch : scratches) {
    auto result = MeasureAllPairs(input_, {.threads = 2, .scratch = scratch});
    ASSERT_TRUE(result.ok()) << result.status();
    const Matrix& d = result->distances;
    EXPECT_TRUE(std::isnan(d(0, kNetworks)));
    EXPECT_TRUE(std::isnan(d(kNetworks + 1, 5)));
    EXPECT_TRUE(std::isfinite(d(kNetworks + 1, kNetworks + 2)));
    EXPECT_TRUE(std::isnan(d(kNetworks + 3, 0)));
    EXPECT_TRUE(std::isfinite(d(0, kNetworks - 1)));
    EXPECT_THAT(result->members[kNetworks].reason, HasSubstr("not a NumPy .npy file"));
    EXPECT_EQ(result->members[kNetworks + 1].extent, 25);
    EXPECT_EQ(result->members[kNetworks + 3].reason, "it has no file");
    EXPECT_EQ(result->members[0].extent, 20);
  }
}

TEST_F(PairwiseTest, OnlyWhatIsReadyIsComputed) {
  const Matrix expected = Expected();
  const Matrix early =
      Distances({.scratch = &scratch_, .ready = [](int i) { return i < 2 * kTileSide; }});
  EXPECT_EQ(early(0, 2 * kTileSide - 1), expected(0, 2 * kTileSide - 1));
  EXPECT_TRUE(std::isnan(early(0, 2 * kTileSide)));
}

TEST_F(PairwiseTest, ErrorsOfReadingAreReturned) {
  input_.read = [this](int i) -> absl::StatusOr<std::string> {
    if (i == 70) return absl::UnavailableError("the disk is away");
    return files_[i];
  };
  EXPECT_TRUE(absl::IsUnavailable(MeasureAllPairs(input_, {.threads = 3}).status()));
}

TEST_F(PairwiseTest, WhatIsNotAcceptedIsNotCompared) {
  AddFile("no array");
  metric_.distances = 0;
  const auto refused = MeasureAllPairs(input_, {.accept = [](const std::vector<Member>& members) {
                                         return absl::InvalidArgumentError(members.back().reason);
                                       }});
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("not a NumPy .npy file"));
  EXPECT_EQ(metric_.distances, 0);
}

TEST_F(PairwiseTest, AllThreadsStopWithinARowOfPairs) {
  metric_.distances = 0;
  std::atomic<int> asked = 0;
  // All are prepared, then the first rows end it.
  const auto stopped =
      MeasureAllPairs(input_, {.threads = 2, .go_on = [&] { return ++asked <= kNetworks; }});
  EXPECT_TRUE(absl::IsCancelled(stopped.status())) << stopped.status();
  EXPECT_LE(metric_.distances, 2 * kTileSide);
}

TEST_F(PairwiseTest, NothingAndOneNetworkAreNoError) {
  input_.files.resize(1);
  EXPECT_EQ(Distances({}), Matrix::Zero(1, 1));
  input_.files.clear();
  EXPECT_EQ(Distances({}).size(), 0);
}

}  // namespace
}  // namespace rnnfarm::analysis
