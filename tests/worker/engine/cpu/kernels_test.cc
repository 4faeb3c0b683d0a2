#include "worker/engine/cpu/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace rnnfarm::engine::cpu {
namespace {

constexpr int64_t kBlock = 4096;
// A prime, so that all last bits of the mantissa come up.
constexpr uint64_t kStride = 97;
constexpr uint64_t kPatterns = uint64_t{1} << 32;
// Where every float is tried, so many on either side.
constexpr uint32_t kDense = 1 << 15;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

float FloatOf(uint64_t pattern) { return std::bit_cast<float>(static_cast<uint32_t>(pattern)); }

// Calls f(x) with blocks of kBlock floats: every kStride-th float of all, NaN and infinities too,
// and all near 0, near the largest denormal, and where something begins or ends.
void ForEachBlock(const std::function<void(const std::vector<float>&)>& f) {
  std::vector<float> block;
  const auto add = [&](float x) {
    block.push_back(x);
    if (block.size() < kBlock) return;
    f(block);
    block.clear();
  };
  for (uint64_t pattern = 0; pattern < kPatterns; pattern += kStride) add(FloatOf(pattern));
  for (const float centre : {0.0f, std::numeric_limits<float>::min(), 1e-4f, 0.34657359f, 1.0f,
                             8.0f, 17.0f, 87.0f, 88.7f, 104.0f, kLargest}) {
    const auto middle = std::bit_cast<uint32_t>(centre);
    const uint32_t first = middle - std::min(middle, kDense);
    for (uint32_t pattern = first; pattern <= middle + kDense; ++pattern) {
      add(FloatOf(pattern));
      add(-FloatOf(pattern));
    }
  }
  for (const float x : {0.0f, -0.0f, kInfinity, -kInfinity}) add(x);
  while (!block.empty()) add(std::numeric_limits<float>::quiet_NaN());
}

bool IsNan(float x) { return std::isnan(x); }

class EachKernels : public testing::TestWithParam<const Kernels*> {
 protected:
  struct Worst {
    double error = 0;
    float at = 0;
    int64_t nan_lost = 0, out_of_range = 0;
  };

  // The largest error(exact, computed), and how often NaN did not stay NaN or a number became less
  // than `min` or more than `max`.
  static Worst Measure(Kernels::Pointwise function, const std::function<double(double)>& exact,
                       const std::function<double(double, double)>& error, float min, float max) {
    Worst worst;
    std::vector<float> out(kBlock);
    ForEachBlock([&](const std::vector<float>& block) {
      function(block.data(), out.data(), kBlock);
      for (int64_t i = 0; i < kBlock; ++i) {
        if (IsNan(block[i])) {
          worst.nan_lost += !IsNan(out[i]);
          continue;
        }
        worst.out_of_range += !(out[i] >= min && out[i] <= max);
        const double now = error(exact(block[i]), out[i]);
        if (now > worst.error) worst = {now, block[i], worst.nan_lost, worst.out_of_range};
      }
    });
    return worst;
  }

  static void Check(const Worst& worst, double limit) {
    EXPECT_LE(worst.error, limit) << "at " << worst.at;
    EXPECT_GT(worst.error, 0) << "nothing was measured";
    EXPECT_EQ(worst.nan_lost, 0);
    EXPECT_EQ(worst.out_of_range, 0);
  }
};

std::string KernelsName(const testing::TestParamInfo<const Kernels*>& info) {
  return info.param->name;
}

INSTANTIATE_TEST_SUITE_P(Usable, EachKernels, testing::ValuesIn(UsableKernels()), KernelsName);

double Difference(double exact, double computed) { return std::abs(computed - exact); }

// In units of the last place of the exact value, a normal float32 number.
double UnitsInTheLastPlace(double exact, double computed) {
  constexpr int kMantissa = 23;
  return std::abs(computed - exact) / std::ldexp(1.0, std::ilogb(exact) - kMantissa);
}

// Without fused multiply-add every product is rounded too.
TEST_P(EachKernels, TanhErrsByAtMost3e7Or4e7Unfused) {
  const double limit = std::string(GetParam()->name) == "portable" ? 4e-7 : 3e-7;
  Check(Measure(
            GetParam()->tanh, [](double x) { return std::tanh(x); }, Difference, -1, 1),
        limit);
}

TEST_P(EachKernels, SigmoidErrsByAtMost2e7) {
  Check(Measure(
            GetParam()->sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, Difference, 0, 1),
        2e-7);
}

// Beyond ±87 it is what it is there: gates are closed or open long before.
TEST_P(EachKernels, ExpErrsByAtMostTwoUnitsInTheLastPlace) {
  Check(Measure(
            GetParam()->exp, [](double x) { return std::exp(std::clamp(x, -87.0, 87.0)); },
            UnitsInTheLastPlace, std::numeric_limits<float>::min(), kLargest),
        2);
}

TEST_P(EachKernels, TanhIsOdd) {
  std::vector<float> mirrored(kBlock), of_x(kBlock), of_mirrored(kBlock);
  int64_t differing = 0;
  ForEachBlock([&](const std::vector<float>& block) {
    for (int64_t i = 0; i < kBlock; ++i) mirrored[i] = -block[i];
    GetParam()->tanh(block.data(), of_x.data(), kBlock);
    GetParam()->tanh(mirrored.data(), of_mirrored.data(), kBlock);
    for (int64_t i = 0; i < kBlock; ++i) {
      if (IsNan(block[i])) continue;
      differing += std::bit_cast<uint32_t>(-of_x[i]) != std::bit_cast<uint32_t>(of_mirrored[i]);
    }
  });
  EXPECT_EQ(differing, 0);
}

TEST_P(EachKernels, EndsAndZerosAreExact) {
  std::vector<float> x(kUnitPadding, 0.0f), out(kUnitPadding);
  x[1] = kInfinity;
  x[2] = -kInfinity;
  x[3] = kLargest;
  x[4] = -0.0f;
  GetParam()->tanh(x.data(), out.data(), kUnitPadding);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], -out[2]);
  EXPECT_EQ(out[1], out[3]);
  EXPECT_TRUE(out[4] == 0 && std::signbit(out[4]));
  GetParam()->sigmoid(x.data(), out.data(), kUnitPadding);
  EXPECT_EQ(out[0], 0.5);
  EXPECT_EQ(out[1], 1);
  EXPECT_LE(out[2], 1e-37);
  EXPECT_EQ(out[3], 1);
  GetParam()->exp(x.data(), out.data(), kUnitPadding);
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(out[4], 1);
}

// Those with fused multiply-add.
std::vector<const Kernels*> Fused() {
  std::vector<const Kernels*> fused;
  for (const Kernels* kernels : UsableKernels()) {
    if (std::string(kernels->name).starts_with("avx")) fused.push_back(kernels);
  }
  return fused;
}

TEST(KernelsTest, Avx512AndAvx2GiveTheSameBits) {
  const std::vector<const Kernels*> fused = Fused();
  if (fused.size() < 2) GTEST_SKIP() << "this processor has not both";
  std::vector<float> one(kBlock), other(kBlock);
  int64_t differing = 0;
  ForEachBlock([&](const std::vector<float>& block) {
    for (const auto function : {&Kernels::tanh, &Kernels::sigmoid, &Kernels::exp}) {
      (fused[0]->*function)(block.data(), one.data(), kBlock);
      (fused[1]->*function)(block.data(), other.data(), kBlock);
      differing += std::memcmp(one.data(), other.data(), kBlock * sizeof(float)) != 0;
    }
  });
  EXPECT_EQ(differing, 0) << "blocks of " << kBlock << " numbers";
}

TEST(KernelsTest, ThePortableOnesAreAlwaysThereAndLast) {
  ASSERT_FALSE(UsableKernels().empty());
  EXPECT_STREQ(UsableKernels().back()->name, "portable");
}

}  // namespace
}  // namespace rnnfarm::engine::cpu
