#include "worker/dynamics/readout_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::dynamics {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RoundedReadout, TakesNeighboursOfALevelAsThatLevel) {
  EXPECT_EQ(RoundedReadout({-0.99, 0.04, 1.01}), RoundedReadout({-1.01, -0.04, 0.99}));
  EXPECT_NE(RoundedReadout({-0.99}), RoundedReadout({0.01}));
}

TEST(EvenlySpaced, ChoosesTheNearestOfEachTarget) {
  EXPECT_THAT(EvenlySpaced({0, 0.1, 0.9, 1, 1.1, 2, 5}, 0, 2, 3), ElementsAre(0, 3, 5));
}

TEST(EvenlySpaced, NeverChoosesTwice) {
  EXPECT_THAT(EvenlySpaced({0, 0, 0, 10}, 0, 10, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(EvenlySpaced({0, 1, 2, 3}, 0, 0, 3), ElementsAre(0, 1, 2));
}

TEST(EvenlySpaced, GivesAllWhereThereAreNoMore) {
  EXPECT_THAT(EvenlySpaced({3, 4}, 3, 4, 25), ElementsAre(0, 1));
  EXPECT_THAT(EvenlySpaced({}, 0, 1, 25), IsEmpty());
}

}  // namespace
}  // namespace rnnfarm::dynamics
