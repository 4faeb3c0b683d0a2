// The lists that people ask the coordinator for, over gRPC: pages, filters, orders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stub = v1::FarmService::Stub;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

TEST(FarmLists, PagesFiltersAndOrdersNetworks) {
  ServedFarm farm;
  v1::SweepSpec spec = TinySweep();
  spec.mutable_grid()->add_units(8);
  spec.mutable_seeds()->set_count(5);
  farm.MustSubmit(spec);
  v1::ListNetworksRequest request;
  request.set_parent("sweeps/tiny");
  request.set_page_size(4);
  request.set_filter("units>=8 and architecture=GRU");
  request.set_order_by("seed desc");
  v1::ListNetworksResponse first, second;
  ASSERT_TRUE(farm.Call(&Stub::ListNetworks, request, &first).ok());
  ASSERT_EQ(first.networks_size(), 4);
  EXPECT_EQ(first.total_size(), 5);
  EXPECT_EQ(first.networks(0).seed(), 4);
  request.set_page_token(first.next_page_token());
  ASSERT_TRUE(farm.Call(&Stub::ListNetworks, request, &second).ok());
  ASSERT_EQ(second.networks_size(), 1);
  EXPECT_EQ(second.networks(0).seed(), 0);
  EXPECT_EQ(second.next_page_token(), "");
  // The token belongs to this filter.
  request.set_filter("units=4");
  const absl::Status status = farm.Call(&Stub::ListNetworks, request, &second);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("page_token"));
}

TEST(FarmLists, AListThatIsFilteredGoesOnAsItBegan) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::ListJobsRequest request;
  request.set_parent("sweeps/tiny");
  request.set_filter("kind=train and state=pending");
  request.set_page_size(1);
  v1::ListJobsResponse first, second;
  ASSERT_TRUE(farm.Call(&Stub::ListJobs, request, &first).ok());
  ASSERT_EQ(first.total_size(), 2);
  v1::CancelSweepRequest cancel;
  cancel.set_name("sweeps/tiny");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(farm.Call(&Stub::CancelSweep, cancel, &cancelled).ok());
  request.set_page_token(first.next_page_token());
  ASSERT_TRUE(farm.Call(&Stub::ListJobs, request, &second).ok());
  ASSERT_EQ(second.jobs_size(), 1) << "no job is pending now, this one was";
  EXPECT_NE(second.jobs(0).name(), first.jobs(0).name());
  EXPECT_EQ(second.jobs(0).state(), v1::JOB_STATE_CANCELLED);
  request.clear_page_token();
  ASSERT_TRUE(farm.Call(&Stub::ListJobs, request, &first).ok());
  EXPECT_EQ(first.total_size(), 0) << "a list that begins is as things are";
}

TEST(FarmLists, PagesConfigurationsWithTheDrawsOfTheirSearches) {
  ServedFarm farm;
  v1::SweepSpec spec = TinySweep();
  spec.clear_hyperparameters();
  spec.mutable_search()->set_trials_per_config(3);
  spec.mutable_grid()->add_units(8);
  farm.MustSubmit(spec);
  v1::ListConfigurationsRequest request;
  request.set_parent("sweeps/tiny");
  request.set_page_size(1);
  v1::ListConfigurationsResponse first, second;
  const absl::Status status = farm.Call(&Stub::ListConfigurations, request, &first);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(first.total_size(), 2);
  ASSERT_EQ(first.configurations_size(), 1);
  EXPECT_EQ(first.configurations(0).units(), 4);
  EXPECT_EQ(first.configurations(0).trials_size(), 3);
  request.set_page_token(first.next_page_token());
  ASSERT_TRUE(farm.Call(&Stub::ListConfigurations, request, &second).ok());
  ASSERT_EQ(second.configurations_size(), 1);
  EXPECT_EQ(second.configurations(0).units(), 8);
  EXPECT_EQ(second.next_page_token(), "");
  request.set_parent("sweeps/none");
  request.clear_page_token();
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::ListConfigurations, request, &first)));
}

TEST(FarmLists, FiltersAndOrdersConfigurations) {
  ServedFarm farm;
  v1::SweepSpec spec = TinySweep();
  spec.clear_hyperparameters();
  spec.mutable_search()->set_trials_per_config(3);
  for (const int units : {8, 16}) spec.mutable_grid()->add_units(units);
  farm.MustSubmit(spec);
  v1::ListConfigurationsRequest request;
  request.set_parent("sweeps/tiny");
  request.set_filter("draws=3 and units>=8");
  request.set_order_by("units desc");
  request.set_page_size(1);
  v1::ListConfigurationsResponse page;
  ASSERT_TRUE(farm.Call(&Stub::ListConfigurations, request, &page).ok());
  EXPECT_EQ(page.total_size(), 2);
  ASSERT_EQ(page.configurations_size(), 1);
  EXPECT_EQ(page.configurations(0).units(), 16);
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(farm.Call(&Stub::ListConfigurations, request, &page).ok());
  ASSERT_EQ(page.configurations_size(), 1);
  EXPECT_EQ(page.configurations(0).units(), 8);
  EXPECT_EQ(page.next_page_token(), "");
  request.set_order_by("units");
  const absl::Status other = farm.Call(&Stub::ListConfigurations, request, &page);
  EXPECT_TRUE(absl::IsInvalidArgument(other)) << "a token of another order: " << other;
}

TEST(FarmLists, FiltersAndOrdersSweeps) {
  ServedFarm farm;
  const int64_t before = absl::ToUnixSeconds(absl::Now());
  for (const auto& [name, seeds] : {std::pair("b", 3), std::pair("a", 2), std::pair("c", 1)}) {
    v1::SweepSpec spec = TinySweep();
    spec.set_name(name);
    spec.mutable_seeds()->set_count(seeds);
    farm.MustSubmit(spec);
  }
  v1::PauseSweepRequest pause;
  pause.set_name("sweeps/b");
  v1::PauseSweepResponse paused;
  ASSERT_TRUE(farm.Call(&Stub::PauseSweep, pause, &paused).ok());
  const auto listed = [&farm](const std::string& filter, const std::string& order) {
    v1::ListSweepsRequest request;
    request.set_filter(filter);
    request.set_order_by(order);
    v1::ListSweepsResponse response;
    const absl::Status status = farm.Call(&Stub::ListSweeps, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(response.total_size(), response.sweeps_size());
    std::vector<std::string> names;
    for (const v1::Sweep& sweep : response.sweeps()) names.push_back(sweep.name());
    return names;
  };
  EXPECT_THAT(listed("", ""), ElementsAre("sweeps/b", "sweeps/a", "sweeps/c"));
  EXPECT_THAT(listed("", "name"), ElementsAre("sweeps/a", "sweeps/b", "sweeps/c"));
  EXPECT_THAT(listed("state=running", "networks"), ElementsAre("sweeps/c", "sweeps/a"));
  EXPECT_THAT(listed("networks>=2 and jobs>0 and failed=0", "jobs desc"),
              ElementsAre("sweeps/b", "sweeps/a"));
  EXPECT_THAT(listed("ended>0", ""), ElementsAre());
  EXPECT_THAT(listed("finished>0", ""), ElementsAre()) << "what has no value matches nothing";
  EXPECT_EQ(listed(absl::StrCat("created>=", before), "").size(), 3u);
  EXPECT_EQ(listed("created>=2026-01-31 and created>\"2026-01-31T12:00:00Z\"", "").size(), 3u);
  EXPECT_THAT(listed("created<2026-01-31", ""), ElementsAre());
  v1::ListSweepsRequest wrong;
  wrong.set_filter("state=runing");
  v1::ListSweepsResponse response;
  const absl::Status refused = farm.Call(&Stub::ListSweeps, wrong, &response);
  EXPECT_THAT(Text(refused), HasSubstr("did you mean running?"));
}

TEST(FarmLists, FiltersAndOrdersWorkers) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker idle(farm, "b"), busy(farm, "a");
  busy.MustLease();
  idle.MustSync(idle.Request(0));
  const auto listed = [&farm](const std::string& filter, const std::string& order) {
    v1::ListWorkersRequest request;
    request.set_filter(filter);
    request.set_order_by(order);
    v1::ListWorkersResponse response;
    const absl::Status status = farm.Call(&Stub::ListWorkers, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> names;
    for (const v1::Worker& worker : response.workers()) names.push_back(worker.name());
    return names;
  };
  EXPECT_THAT(listed("name!=coordinator", "name desc"), ElementsAre("workers/b", "workers/a"));
  EXPECT_THAT(listed("jobs>0", ""), ElementsAre("workers/a"));
  EXPECT_THAT(listed("state=active and last_seen>0 and name=b", ""), ElementsAre("workers/b"));
  EXPECT_THAT(listed("state=lost", ""), ElementsAre());
}

TEST(FarmLists, FiltersJobsByTheirNetworksFields) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::ListJobsRequest request;
  request.set_parent("sweeps/-");
  request.set_filter("kind=train and state=pending and units=4 and seed=1");
  v1::ListJobsResponse response;
  auto status = farm.Call(&Stub::ListJobs, request, &response);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(response.jobs_size(), 1);
  EXPECT_EQ(response.jobs(0).kind(), v1::JOB_KIND_TRAIN);
  request.set_filter("unitz=4");
  status = farm.Call(&Stub::ListJobs, request, &response);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(Text(status), HasSubstr("did you mean units?"));
}

}  // namespace
}  // namespace rnnfarm::service
