#include "coordinator/service/resource_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "coordinator/service/paging.h"

namespace rnnfarm::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Field>& Fields() {
  static const auto* fields = new std::vector<Field>{
      {"units", true}, {"loss", true}, {"state", false, {"failed", "pending"}}, {"reason"}};
  return *fields;
}

using Row = std::map<std::string, FieldValue>;

FieldReader ReaderOf(const Row& row) {
  return [&row](absl::string_view field) {
    auto found = row.find(std::string(field));
    return found == row.end() ? FieldValue() : found->second;
  };
}

bool Matches(const std::string& filter, const Row& row) {
  auto parsed = ResourceFilter::Parse(filter, Fields());
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->Matches(ReaderOf(row));
}

TEST(ResourceFilter, ComparesNumbersAndText) {
  const Row row = {
      {"units", 64.0}, {"state", std::string("failed")}, {"reason", std::string("a b")}};
  for (const char* filter :
       {"", "units=64", "units == 64", "units>=64 and units<=64 AND units!=65", "units>63.5",
        "units<1e2", "state=FAILED", "state!=pending", "reason=\"a b\" and units=64"}) {
    EXPECT_TRUE(Matches(filter, row)) << filter;
  }
  for (const char* filter : {"units!=64", "units>64", "units<64", "state=pending", "reason=a",
                             "units=64 and state!=failed"}) {
    EXPECT_FALSE(Matches(filter, row)) << filter;
  }
}

TEST(ResourceFilter, MatchesNothingWhereThereIsNoValue) {
  EXPECT_FALSE(Matches("loss<1", {}));
  EXPECT_FALSE(Matches("loss!=1", {}));
}

// One value a condition.
TEST(ResourceFilter, AComparisonIsTrueOfEachOfSeveralValues) {
  const Row row = {{"loss", std::vector<double>{1, 3}},
                   {"state", std::vector<std::string>{"failed", "FAILED"}},
                   {"units", std::vector<double>{}}};
  for (const char* filter : {"loss>=1", "loss<4 and loss!=2", "state=failed", "state!=pending"}) {
    EXPECT_TRUE(Matches(filter, row)) << filter;
  }
  for (const char* filter : {"loss>1", "loss=1", "loss!=3", "units=0", "units!=0"}) {
    EXPECT_FALSE(Matches(filter, row)) << filter;
  }
  const std::vector<Row> rows = {{{"loss", std::vector<double>{2, 1}}},
                                 {{"loss", std::vector<double>{}}},
                                 {{"loss", std::vector<double>{1, 3}}},
                                 {{"loss", std::vector<double>{1, 2}}}};
  EXPECT_THAT(ResourceOrder::Parse("loss", Fields())
                  ->Sorted(rows.size(), [&](size_t i) { return ReaderOf(rows[i]); }),
              ElementsAre(3, 2, 0, 1));
}

TEST(ResourceOrder, SaysWhatHasNoneAndWhatHasOne) {
  Field counts{"fixed_points"};
  counts.no_order = true;
  const auto refused = ResourceOrder::Parse("fixed_points desc", {{"units", true}, counts});
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_EQ(std::string(refused.status().message()),
            "order_by: \"fixed_points\" holds several counts and has no order; valid are units");
  EXPECT_TRUE(ResourceFilter::Parse("fixed_points=8/1", {counts}).ok());
}

TEST(ResourceFilter, ANumberThatIsNoneIsNoValue) {
  const Row row = {{"loss", std::nan("")}};
  for (const char* filter : {"loss=1", "loss!=1", "loss<=1", "loss>=1"}) {
    EXPECT_FALSE(Matches(filter, row)) << filter;
  }
  EXPECT_FALSE(ResourceFilter::Parse("loss=nan", Fields()).ok());
  auto order = ResourceOrder::Parse("loss desc", Fields());
  ASSERT_TRUE(order.ok());
  const std::vector<Row> rows = {{{"loss", 1.0}}, row, {{"loss", 3.0}}, {{"loss", 2.0}}};
  EXPECT_THAT(order->Sorted(rows.size(), [&](size_t i) { return ReaderOf(rows[i]); }),
              ElementsAre(2, 3, 0, 1));
}

TEST(ResourceFilter, NamesWhatItCannotRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"unitz=1", "did you mean units?"},  {"units", "is expected"},
      {"units=", "lacks its value"},       {"units=many", "is a number"},
      {"state<failed", "only = and !="},   {"state=faild", "did you mean failed?"},
      {"units=1 or units=2", "joined by"}, {"reason=\"open", "closing quote"},
      {"units=1 and", "no field \"\""},    {"units ~ 3", "= != < <= > >="},
  };
  for (const auto& [filter, message] : cases) {
    auto parsed = ResourceFilter::Parse(filter, Fields());
    EXPECT_TRUE(absl::IsInvalidArgument(parsed.status())) << filter;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(message)) << filter;
  }
  EXPECT_FALSE(ResourceFilter::Parse(std::string(5000, 'a'), Fields()).ok());
}

TEST(ResourceOrder, SortsMissingValuesLastBothWays) {
  const std::vector<Row> rows = {{{"loss", 2.0}}, {}, {{"loss", 1.0}}, {{"loss", 2.0}}};
  auto sorted = [&](const std::string& text) {
    auto order = ResourceOrder::Parse(text, Fields());
    EXPECT_TRUE(order.ok()) << order.status();
    return order->Sorted(rows.size(), [&](size_t i) { return ReaderOf(rows[i]); });
  };
  EXPECT_THAT(sorted(""), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(sorted("loss"), ElementsAre(2, 0, 3, 1));
  EXPECT_THAT(sorted("loss desc"), ElementsAre(0, 3, 2, 1));
  EXPECT_FALSE(ResourceOrder::Parse("loss down", Fields()).ok());
  EXPECT_FALSE(ResourceOrder::Parse("los", Fields()).ok());
}

TEST(Paging, BindsTokensToTheirRequest) {
  auto page = ParsePage(2, "", "list a");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->end(5), 2);
  const std::string token = page->NextToken(5);
  auto next = ParsePage(2, token, "list a");
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->first, 2);
  EXPECT_EQ(next->NextToken(4), "");
  EXPECT_FALSE(ParsePage(2, token, "list b").ok());
  EXPECT_FALSE(ParsePage(2, "nonsense", "list a").ok());
  EXPECT_FALSE(ParsePage(-1, "", "list a").ok());
  EXPECT_EQ(ParsePage(0, "", "")->size, 50);
  EXPECT_EQ(ParsePage(5000, "", "")->size, 1000);
  // A list that shrank has an empty last page.
  EXPECT_EQ(next->end(1), 1);
}

}  // namespace
}  // namespace rnnfarm::service
