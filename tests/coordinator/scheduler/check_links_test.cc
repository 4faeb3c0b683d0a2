// Records that do not fit together are refused at start; what a worker wrote can be read again.
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using ::testing::HasSubstr;

constexpr char kSearchJob[] = "sweeps/small/jobs/search-flipflop-gru-tanh-16-l2_1e-05-d0-r0";

// What a start says to the records of a searched sweep, one of them changed.
absl::Status StartWith(const std::function<void(Farm&)>& change) {
  Farm farm;
  farm.Submit(SearchedSweep());
  change(farm);
  Scheduler scheduler(farm.options);
  for (const auto& [key, record] : farm.sweeps) scheduler.Load(record);
  for (const auto& [key, record] : farm.configurations) scheduler.Load(record);
  for (const auto& [key, record] : farm.networks) scheduler.Load(record);
  for (const auto& [key, record] : farm.jobs) scheduler.Load(record);
  return scheduler.FinishLoading(farm.now);
}

TEST(CheckLinks, TakesSoundRecords) {
  EXPECT_TRUE(StartWith([](Farm&) {}).ok());
}

TEST(CheckLinks, RefusesAJobThatContradictsItsName) {
  const std::function<void(v1::Job&)> changes[] = {
      [](v1::Job& job) { job.set_kind(v1::JOB_KIND_ANALYZE); },
      [](v1::Job& job) { job.set_kind(static_cast<v1::JobKind>(77)); },
      [](v1::Job& job) { job.set_state(v1::JOB_STATE_UNSPECIFIED); },
      [](v1::Job& job) { job.set_state(static_cast<v1::JobState>(-5)); },
      [](v1::Job& job) { job.set_rung(-1); },
      [](v1::Job& job) { job.set_draw(1 << 30); },
      [](v1::Job& job) { job.set_errors(std::numeric_limits<int32_t>::max()); },
      [](v1::Job& job) { job.set_lost_leases(-1); },
  };
  for (const auto& change : changes) {
    const absl::Status status = StartWith([&](Farm& farm) { change(farm.jobs.at(kSearchJob)); });
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(kSearchJob));
  }
}

TEST(CheckLinks, RefusesASearchWithoutItsDraws) {
  for (const int draw : {-1, 5, 1 << 30}) {
    const absl::Status status = StartWith(
        [&](Farm& farm) { farm.configurations.begin()->second.mutable_trials(0)->set_draw(draw); });
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  }
  EXPECT_TRUE(absl::IsDataLoss(StartWith(
      [](Farm& farm) { farm.configurations.begin()->second.mutable_trials()->RemoveLast(); })));
}

TEST(CheckLinks, WhatAnErrorQuotesCanBeReadFromTheStoreAgain) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse granted = farm.Sync("w", 1);
  farm.Report("w", Farm::Error(granted.leases(0), "elements of type \xff\xfe are not read"));
  for (const auto& [name, job] : farm.jobs) {
    v1::Job again;
    EXPECT_TRUE(again.ParseFromString(job.SerializeAsString())) << name;
  }
  EXPECT_EQ(farm.scheduler->FindJob(granted.leases(0).job())->reason(),
            "elements of type \uFFFD\uFFFD are not read");
}

}  // namespace
}  // namespace rnnfarm::scheduler
