#include "coordinator/service/selections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/service/fill_page.h"
#include "rnnfarm/v1/farm_service.pb.h"

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

TEST(FillRecords, APageEndsEarlyRatherThanOutgrowAMessage) {
  std::vector<v1::Network> networks(10);
  for (v1::Network& network : networks) network.set_excluded_reason(std::string(1 << 20, 'x'));
  const auto list = [&](const std::string& token) {
    v1::ListNetworksResponse response;
    FillRecords(
        *ParsePage(kMaxPageSize, token, "networks"), 10, &response,
        [&](int64_t i) { return i == 1 ? nullptr : &networks[i]; },
        [&](const v1::Network& network) { *response.add_networks() = network; });
    return response;
  };
  const v1::ListNetworksResponse first = list("");
  EXPECT_EQ(first.networks_size(), 4) << "of five, as one is gone";
  EXPECT_EQ(first.total_size(), 10);
  const v1::ListNetworksResponse second = list(first.next_page_token());
  EXPECT_EQ(second.networks_size(), 4);
  const v1::ListNetworksResponse last = list(second.next_page_token());
  EXPECT_EQ(last.networks_size(), 1);
  EXPECT_EQ(last.next_page_token(), "");
}

}  // namespace
}  // namespace rnnfarm::service
