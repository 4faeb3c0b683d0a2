#include "base/memory_size.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rnnfarm::base {
namespace {

using testing::HasSubstr;

TEST(Memory, ReadsAmountsAsPeopleWriteThem) {
  constexpr int64_t kMebi = 1 << 20, kGibi = 1 << 30;
  EXPECT_EQ(*ParseMemory("4GiB"), 4 * kGibi);
  EXPECT_EQ(*ParseMemory(" 512 mb "), 512 * kMebi);
  EXPECT_EQ(*ParseMemory("1.5g"), kGibi + kGibi / 2);
  EXPECT_EQ(*ParseMemory("2"), 2 * kGibi);
  EXPECT_EQ(*ParseMemory("100B"), 100);
  EXPECT_EQ(*ParseMemory("3KiB"), 3 << 10);
  EXPECT_EQ(*ParseMemory("1T"), 1024 * kGibi);
  EXPECT_EQ(*ParseMemory("0"), 0);
  EXPECT_EQ(*ParseMemory(""), 0);
}

TEST(Memory, RefusesWhatIsNoAmount) {
  for (const char* text : {"a lot", "GiB", "-1", "4 XiB", "4GiBs", "4 4", "1e30", "nan", "4iB"}) {
    const auto bytes = ParseMemory(text);
    ASSERT_FALSE(bytes.ok()) << text << " is " << *bytes;
    EXPECT_THAT(std::string(bytes.status().message()), HasSubstr(text));
    EXPECT_THAT(std::string(bytes.status().message()), HasSubstr("4GiB"));
  }
}

TEST(Memory, IsToldInFittingUnits) {
  EXPECT_EQ(MemoryText(100), "100 B");
  EXPECT_EQ(MemoryText(64 << 20), "64.0 MiB");
}

}  // namespace
}  // namespace rnnfarm::base
