#include "base/random_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace rnnfarm::base {
namespace {

using ::testing::ElementsAre;

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10). Its counter is four
// words; ours are block low, block high, substream low, substream high.
TEST(PhiloxTest, GivesTheKnownAnswers) {
  EXPECT_THAT(Philox({0, 0}, 0, 0), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(Philox({0xffffffff, 0xffffffff}, 0xffffffffffffffff, 0xffffffffffffffff),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox({0xa4093822, 0x299f31d0}, 0x0370734413198a2e, 0x85a308d3243f6a88),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(RandomStreamTest, TakesTheWordsOfSuccessiveBlocks) {
  const StreamKey key{1, 2};
  RandomStream stream(key, 7);
  for (int block = 0; block < 3; ++block) {
    for (uint32_t word : Philox(key, 7, block)) EXPECT_EQ(stream.NextWord(), word);
  }
}

TEST(RandomStreamTest, KeysSubstreamsAndPurposesAreDifferentStreams) {
  std::set<uint32_t> first;
  for (uint64_t seed : {1, 2}) {
    for (const char* network : {"a", "b"}) {
      for (const char* purpose : {"weights", "trials"}) {
        for (uint64_t substream : {0, 1}) {
          first.insert(RandomStream(DeriveStream(seed, network, purpose), substream).NextWord());
        }
      }
    }
  }
  EXPECT_EQ(first.size(), 16u);
}

// Results are kept for years under their keys: this derivation must never change. The expected
// value is the start of SHA-256 of 2019 as 8 little-endian bytes, "net", 0, "trials".
TEST(RandomStreamTest, DerivationIsAsDocumented) {
  const StreamKey key = DeriveStream(2019, "net", "trials");
  EXPECT_EQ(key.low, 0x5a1f955eu);
  EXPECT_EQ(key.high, 0x7e7fdbecu);
  // The separator keeps ("ab", "c") and ("a", "bc") apart.
  EXPECT_NE(DeriveStream(1, "ab", "c").low, DeriveStream(1, "a", "bc").low);
}

TEST(RandomStreamTest, UniformIsUniform) {
  RandomStream stream({3, 4});
  constexpr int kDraws = 200'000;
  std::vector<int> bins(10);
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.Uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++bins[static_cast<int>(u * 10)];
  }
  // Five standard deviations of a bin's count.
  for (int count : bins) EXPECT_NEAR(count, kDraws / 10, 5 * std::sqrt(kDraws * 0.09));
}

// The values themselves are tested in random_fill_test.cc.
TEST(RandomStreamTest, NormalsAreThoseOfTheNextTwoWords) {
  const StreamKey key{5, 6};
  RandomStream stream(key, 1), words(key, 1);
  stream.NextWord();
  words.NextWord();
  for (int pair = 0; pair < 3; ++pair) {
    const uint32_t first = words.NextWord();
    const std::array<float, 2> normals = NormalsOfWords(first, words.NextWord());
    EXPECT_EQ(stream.Normal(), normals[0]);
    EXPECT_EQ(stream.Normal(), normals[1]);
  }
}

TEST(RandomStreamTest, BelowReachesEveryValueAndNoOther) {
  RandomStream stream({7, 8});
  std::vector<int> count(5);
  for (int i = 0; i < 5000; ++i) {
    const uint32_t value = stream.Below(5);
    ASSERT_LT(value, 5u);
    ++count[value];
  }
  for (int c : count) EXPECT_NEAR(c, 1000, 150);
  EXPECT_EQ(stream.Below(1), 0u);
}

}  // namespace
}  // namespace rnnfarm::base
