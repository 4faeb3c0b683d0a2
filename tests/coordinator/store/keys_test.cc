#include "coordinator/store/keys.h"

#include <gtest/gtest.h>

namespace rnnfarm::store {
namespace {

TEST(Keys, OfEventsAreInOrderAndReadBack) {
  EXPECT_LT(EventKey("sweeps/s/jobs/j", 255), EventKey("sweeps/s/jobs/j", 256));
  absl::string_view job;
  int64_t number = 0;
  // A number whose bytes hold what separates it.
  for (const int64_t expected : {int64_t{0}, int64_t{'#'}, int64_t{'#'} << 56, INT64_MAX}) {
    const std::string key = EventKey("sweeps/s/jobs/j", expected);
    ASSERT_TRUE(ParseEventKey(key, &job, &number));
    EXPECT_EQ(job, "sweeps/s/jobs/j");
    EXPECT_EQ(number, expected);
  }
}

// Keys of a damaged store may be anything.
TEST(Keys, OfAnyLengthAreReadWithoutHarm) {
  const std::string key = EventKey("j", 7), chunk = ChunkKey(base::DigestOf("x"), 5);
  absl::string_view job;
  int64_t number = 0;
  for (size_t length = 0; length < key.size(); ++length) {
    EXPECT_FALSE(ParseEventKey(key.substr(0, length), &job, &number)) << length;
  }
  for (size_t length = 0; length < chunk.size(); ++length) {
    EXPECT_FALSE(IsChunkOf(chunk.substr(0, length), base::DigestOf("x"))) << length;
    EXPECT_EQ(ChunkOffset(chunk.substr(0, length)), 0) << length;
  }
  EXPECT_TRUE(IsChunkOf(chunk, base::DigestOf("x")));
  EXPECT_EQ(ChunkOffset(chunk), 5);
  EXPECT_EQ(FromBigEndian(""), 0);
  EXPECT_EQ(FromBigEndian("\x01\x02"), 0x0102);
  EXPECT_EQ(FromBigEndian(BigEndian(UINT64_MAX - 3) + "more"), UINT64_MAX - 3);
}

}  // namespace
}  // namespace rnnfarm::store
