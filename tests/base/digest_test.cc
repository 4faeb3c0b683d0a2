#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace rnnfarm::base {
namespace {

// Known answers of FIPS 180-4.
constexpr char kEmpty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(DigestTest, GivesTheKnownAnswers) {
  EXPECT_EQ(DigestOf(""), kEmpty);
  EXPECT_EQ(DigestOf("abc"), kAbc);
  EXPECT_EQ(DigestOf(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, ChunksGiveTheDigestOfTheWhole) {
  Digest digest;
  digest.Update("a");
  digest.Update("");
  digest.Update("bc");
  EXPECT_EQ(digest.Finish(), kAbc);
}

TEST(DigestTest, KnowsADigestFromOtherText) {
  EXPECT_TRUE(IsDigest(kAbc));
  EXPECT_FALSE(IsDigest(""));
  EXPECT_FALSE(IsDigest(std::string(63, 'a')));
  EXPECT_FALSE(IsDigest(std::string(65, 'a')));
  EXPECT_FALSE(IsDigest(std::string(64, 'A')));
  EXPECT_FALSE(IsDigest(std::string(63, 'a') + "g"));
  EXPECT_FALSE(IsDigest("../" + std::string(61, 'a')));
}

}  // namespace
}  // namespace rnnfarm::base
