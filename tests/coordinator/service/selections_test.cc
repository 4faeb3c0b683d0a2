#include "coordinator/service/selections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace rnnfarm::service {
namespace {

TEST(Selections, AreKeptForAWhileAndReplaced) {
  Selections selections;
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  EXPECT_EQ(selections.Find("a", now), nullptr);
  selections.Keep("a", {"x", "y"}, now);
  EXPECT_THAT(*selections.Find("a", now + Selections::kKept), testing::ElementsAre("x", "y"));
  EXPECT_EQ(selections.Find("b", now), nullptr);
  selections.Keep("a", {"z"}, now);
  EXPECT_THAT(*selections.Find("a", now), testing::ElementsAre("z"));
  EXPECT_EQ(selections.Find("a", now + Selections::kKept + absl::Seconds(1)), nullptr);
}

TEST(Selections, AreFew) {
  Selections selections;
  const absl::Time now = absl::FromUnixSeconds(1'000'000);
  for (size_t i = 0; i <= Selections::kMostKept; ++i) selections.Keep(absl::StrCat(i), {"x"}, now);
  EXPECT_EQ(selections.Find("0", now), nullptr);
  EXPECT_NE(selections.Find("1", now), nullptr);
}

}  // namespace
}  // namespace rnnfarm::service
