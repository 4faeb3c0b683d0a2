#include "analysis/representation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <new>
#include <string>

#include "analysis/for_each_index.h"

namespace rnnfarm::analysis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Refusal(const base::Array& array) {
  auto x = LoadRepresentation(array, "net.npy");
  EXPECT_TRUE(absl::IsInvalidArgument(x.status())) << x.status();
  return std::string(x.status().message());
}

TEST(LoadRepresentationTest, TrialsAndTimeBecomeSamples) {
  auto x = LoadRepresentation(
      base::Array::Of<float>({2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), "net.npy");
  ASSERT_TRUE(x.ok()) << x.status();
  Matrix expected(4, 3);
  expected << 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;
  EXPECT_EQ(x->x, expected);
  EXPECT_EQ(x->trials, 2);
  auto flat = LoadRepresentation(base::Array::Of<int64_t>({2, 2}, {1, 2, 3, 5}), "net.npy");
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->x(1, 1), 5);
  EXPECT_EQ(flat->trials, 1);
}

TEST(LoadRepresentationTest, RefusalsNameSourceAndPlace) {
  EXPECT_THAT(Refusal(base::Array::Of<float>({2, 2}, {1, 2, 3, NAN})),
              AllOf(HasSubstr("net.npy"), HasSubstr("unit 1 of sample 1")));
  EXPECT_THAT(
      Refusal(base::Array::Of<double>({2, 2}, {1, std::numeric_limits<double>::infinity(), 3, 4})),
      HasSubstr("unit 1 of sample 0"));
  EXPECT_THAT(Refusal(base::Array::Of<float>({4}, {1, 2, 3, 4})), HasSubstr("(4,) <f4"));
  EXPECT_THAT(Refusal(base::Array::Of<float>({1, 4}, {1, 2, 3, 4})), HasSubstr("1 samples"));
  EXPECT_THAT(Refusal(base::Array::Of<float>({4, 0}, {})), HasSubstr("0 units"));
  EXPECT_THAT(Refusal(base::Array::Of<float>({2, 2}, {1, 2, 1, 2})), HasSubstr("constant"));
  EXPECT_THAT(Refusal(base::Array::Text("hello")), HasSubstr("net.npy"));
}

TEST(CentredTest, ConstantColumnsBecomeExactlyZero) {
  Matrix x(7, 2);
  x.col(0).setConstant(0.1);
  x.col(1) << 1, 2, 3, 4, 5, 6, 7;
  const Matrix centred = Centred(x);
  EXPECT_EQ(centred.col(0).cwiseAbs().maxCoeff(), 0);
  EXPECT_NEAR(centred.col(1).sum(), 0, 1e-15);
  EXPECT_EQ(centred(0, 1), -3);
}

TEST(ForEachIndexTest, EveryIndexOnceWithAnyNumberOfThreads) {
  for (int threads : {0, 1, 2, 7}) {
    for (int64_t count : {0, 1, 100}) {
      std::vector<int> times(count);
      ForEachIndex(count, threads, [&](int64_t i) { ++times[i]; });
      EXPECT_EQ(times, std::vector<int>(count, 1));
    }
  }
}

TEST(ForEachIndexTest, WhatIsThrownArrivesAtTheCaller) {
  for (int threads : {1, 3}) {
    std::atomic<int> calls = 0;
    const auto work = [&](int64_t i) {
      ++calls;
      if (i == 5) throw std::bad_alloc();
    };
    EXPECT_THROW(ForEachIndex(1'000'000, threads, work), std::bad_alloc);
    EXPECT_LT(calls, 1'000'000);
  }
}

}  // namespace
}  // namespace rnnfarm::analysis
