// Words and normals in bulk: equal to those of RandomStream on every vector unit that this
// processor has, and normally distributed.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/random_stream.h"
#include "base/vector_unit.h"

namespace rnnfarm::base {
namespace {

constexpr StreamKey kKey{0x243f6a88, 0x85a308d3};

class EachVectorUnit : public testing::TestWithParam<VectorUnit> {
 protected:
  void SetUp() override {
    LimitVectorUnit(GetParam());
    if (VectorUnitInUse() != GetParam()) GTEST_SKIP() << "this processor has no such vectors";
  }
  void TearDown() override { LimitVectorUnit(VectorUnit::kAvx512); }
};

std::string UnitName(const testing::TestParamInfo<VectorUnit>& info) {
  const char* names[] = {"Baseline", "Avx2", "Avx512"};
  return names[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Units, EachVectorUnit,
                         testing::Values(VectorUnit::kBaseline, VectorUnit::kAvx2,
                                         VectorUnit::kAvx512),
                         UnitName);

TEST_P(EachVectorUnit, WordsAreThoseOfTheBlocks) {
  for (const uint64_t substream : {uint64_t{0}, uint64_t{0x1234567890abcdef}}) {
    // The counter's carry into its upper word lies within a group of blocks.
    for (const uint64_t first_block : {uint64_t{0}, uint64_t{0xfffffffd}}) {
      for (const size_t size : {0, 1, 63, 64, 65, 300, 1000}) {
        std::vector<uint32_t> words(size + 1, 7);
        FillWords(kKey, substream, first_block, absl::MakeSpan(words).first(size));
        for (size_t i = 0; i < size; ++i) {
          ASSERT_EQ(words[i], Philox(kKey, substream, first_block + i / 4)[i % 4]) << i;
        }
        EXPECT_EQ(words[size], 7u) << "wrote beyond the end";
      }
    }
  }
}

TEST_P(EachVectorUnit, NormalsAreThoseOfTheStreamTimesTheDeviation) {
  constexpr double kDeviation = 0.3;
  for (const size_t size : {0, 1, 2, 63, 64, 255, 256, 257, 1000}) {
    std::vector<float> normals(size + 1, 7);
    FillNormals(kKey, 11, kDeviation, absl::MakeSpan(normals).first(size));
    RandomStream stream(kKey, 11);
    for (size_t i = 0; i < size; ++i) {
      ASSERT_EQ(normals[i], static_cast<float>(kDeviation * stream.Normal())) << i;
    }
    EXPECT_EQ(normals[size], 7) << "wrote beyond the end";
  }
}

TEST_P(EachVectorUnit, NormalsMayStartAtAnyBlock) {
  std::vector<float> whole(600), part(100);
  FillNormals(kKey, 3, 1, absl::MakeSpan(whole));
  FillNormals(kKey, 3, 1, absl::MakeSpan(part), 17);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 17 * 4));
}

// Results are kept for years under their keys: these bytes must never change, on any processor.
TEST_P(EachVectorUnit, NormalsHaveTheKnownBytes) {
  std::vector<float> normals(100'000);
  FillNormals(kKey, 5, 1, absl::MakeSpan(normals));
  Digest digest;
  for (const float normal : normals) {
    const auto bits = std::bit_cast<uint32_t>(normal);
    const char bytes[] = {static_cast<char>(bits), static_cast<char>(bits >> 8),
                          static_cast<char>(bits >> 16), static_cast<char>(bits >> 24)};
    digest.Update(absl::string_view(bytes, sizeof(bytes)));
  }
  EXPECT_EQ(digest.Finish(), "66c37dbe96a3942631c63dfb04e1f51ea537cf4d2bb75a3707cd0326b54f271b");
}

// Relative to the radius, so that values near 0 are held to their own size.
double ErrorOfPair(uint32_t first, uint32_t second) {
  const double rest = (0x1p31 - 0.5 - (first >> 1)) * 0x1p-31;  // 1 - u, exact
  const double radius = std::sqrt(-2 * std::log1p(-rest));
  const double angle = 2 * std::numbers::pi * second * 0x1p-32;
  const std::array<float, 2> normals = NormalsOfWords(first, second);
  return std::max(std::abs(normals[0] - radius * std::cos(angle)),
                  std::abs(normals[1] - radius * std::sin(angle))) /
         radius;
}

TEST(NormalsTest, ErrAtMostByThreeInTenMillionOfTheRadius) {
  RandomStream stream(kKey);
  double worst = 0;
  for (int i = 0; i < 300'000; ++i) {
    const uint32_t word = stream.NextWord(), angle = stream.NextWord();
    // Radii of every size: u near 0, anywhere and near 1.
    const uint32_t shift = stream.Below(32);
    for (const uint32_t first : {word >> shift, word, ~(word >> shift)}) {
      worst = std::max(worst, ErrorOfPair(first, angle));
    }
  }
  for (const uint32_t first : {0u, 1u, 0xbfffffffu, 0xc0000000u, 0xfffffffeu, 0xffffffffu}) {
    for (uint32_t eighth = 0; eighth < 8; ++eighth) {
      for (const uint32_t beside : {0xffffffffu, 0u, 1u}) {
        worst = std::max(worst, ErrorOfPair(first, (eighth << 29) + beside));
      }
    }
  }
  EXPECT_LT(worst, 3e-7);
  EXPECT_NEAR(NormalsOfWords(0, 0)[0], std::sqrt(64 * std::numbers::ln2), 1e-5);  // the largest
}

class ManyNormals : public testing::Test {
 protected:
  static constexpr size_t kCount = 4'000'000;
  static void SetUpTestSuite() {
    values_ = new std::vector<float>(kCount);
    FillNormals(kKey, 8, 1, absl::MakeSpan(*values_));
  }
  static void TearDownTestSuite() { delete values_; }
  static std::vector<float>* values_;
};
std::vector<float>* ManyNormals::values_ = nullptr;

TEST_F(ManyNormals, HaveTheMomentsOfANormal) {
  double moments[5] = {};
  for (const double x : *values_) {
    double power = 1;
    for (int order = 1; order <= 4; ++order) moments[order] += (power *= x) / kCount;
  }
  const double root = std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(moments[1], 0, 5 / root);
  EXPECT_NEAR(moments[2], 1, 5 * std::sqrt(2.0) / root);
  EXPECT_NEAR(moments[3], 0, 5 * std::sqrt(15.0) / root);
  EXPECT_NEAR(moments[4], 3, 5 * std::sqrt(96.0) / root);
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

TEST_F(ManyNormals, FollowTheDistributionFunction) {
  std::vector<float> sorted = *values_;
  std::sort(sorted.begin(), sorted.end());
  double distance = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const double expected = NormalCdf(sorted[i]);
    distance =
        std::max({distance, expected - double(i) / kCount, double(i + 1) / kCount - expected});
  }
  // Kolmogorov's distribution: beyond 1.95 with probability 0.001.
  EXPECT_LT(distance * std::sqrt(static_cast<double>(kCount)), 1.95);
}

TEST_F(ManyNormals, ReachTheTailsAsOftenAsTheyShould) {
  for (const double bound : {2.0, 3.0, 4.0, 4.5}) {
    for (const double sign : {-1.0, 1.0}) {
      const double beyond = std::count_if(values_->begin(), values_->end(),
                                          [&](float x) { return sign * x > bound; });
      const double expected = NormalCdf(-bound) * kCount;  // 14 beyond 4.5
      EXPECT_NEAR(beyond, expected, 5 * std::sqrt(expected)) << sign * bound;
    }
  }
}

TEST_F(ManyNormals, DoNotDependOnTheirNeighbours) {
  const double allowed = 5 / std::sqrt(static_cast<double>(kCount));
  for (const size_t lag : {1, 2, 3, 4, 8, 16, 64, 256}) {
    double linear = 0, squares = 0;
    for (size_t i = lag; i < kCount; ++i) {
      const double a = (*values_)[i - lag], b = (*values_)[i];
      linear += a * b / kCount;
      squares += (a * a - 1) * (b * b - 1) / 2 / kCount;
    }
    EXPECT_NEAR(linear, 0, allowed) << lag;
    EXPECT_NEAR(squares, 0, allowed) << lag;
  }
}

TEST_F(ManyNormals, DoNotDependOnTheNextSubstream) {
  std::vector<float> next(kCount);
  FillNormals(kKey, 9, 1, absl::MakeSpan(next));
  double product = 0;
  for (size_t i = 0; i < kCount; ++i) product += double((*values_)[i]) * next[i] / kCount;
  EXPECT_NEAR(product, 0, 5 / std::sqrt(static_cast<double>(kCount)));
}

}  // namespace
}  // namespace rnnfarm::base
