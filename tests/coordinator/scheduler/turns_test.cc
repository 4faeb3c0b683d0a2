// Whose turn it is: priority, fair shares, needs, and the order by cost.
#include <map>

#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::SweepSpec Named(const std::string& name, const std::string& merge = "", int seeds = 200) {
  return KnownSweep(absl::StrCat("name: '", name, "' seeds { count: ", seeds, " } ", merge));
}

std::string SweepOf(const v1::Lease& lease) {
  return lease.job().substr(7, lease.job().find('/', 7) - 7);
}

// Each job takes the worker a second; which sweep each one was of.
std::map<std::string, int> Work(Farm& farm, int jobs) {
  std::map<std::string, int> done;
  for (int i = 0; i < jobs; ++i) {
    const v1::SyncResponse granted = farm.Sync("w", 1);
    if (granted.leases().empty()) break;
    ++done[SweepOf(granted.leases(0))];
    farm.now += absl::Seconds(1);
    EXPECT_TRUE(farm.Report("w", Farm::Result(granted.leases(0))).accepted());
  }
  return done;
}

TEST(Priority, OfAHigherSweepGoesFirst) {
  Farm farm;
  farm.Submit(Named("low"));
  farm.now += absl::Seconds(1);
  farm.Submit(Named("high", "scheduling { priority: 1 }", 5));
  // Five trainings, five analyses, one comparison.
  EXPECT_EQ(Work(farm, 11), (std::map<std::string, int>{{"high", 11}}));
  EXPECT_EQ(Work(farm, 10), (std::map<std::string, int>{{"low", 10}}));
}

TEST(FairShare, IsByWeight) {
  Farm farm;
  farm.Submit(Named("one"));
  farm.Submit(Named("three", "scheduling { weight: 3 }"));
  std::map<std::string, int> done = Work(farm, 80);
  EXPECT_NEAR(done["one"], 20, 2);
  EXPECT_NEAR(done["three"], 60, 2);
}

TEST(FairShare, ALateSweepStartsLevelAndNobodyStarves) {
  Farm farm;
  farm.Submit(Named("early"));
  Work(farm, 100);
  farm.Submit(Named("late"));
  std::map<std::string, int> done = Work(farm, 40);
  EXPECT_NEAR(done["early"], 20, 2);
  EXPECT_NEAR(done["late"], 20, 2);
}

TEST(FairShare, APauseEarnsNothing) {
  Farm farm;
  farm.Submit(Named("a"));
  farm.Submit(Named("b"));
  farm.Apply(PauseSweep{"sweeps/b"});
  EXPECT_EQ(Work(farm, 50), (std::map<std::string, int>{{"a", 50}}));
  farm.Apply(ResumeSweep{"sweeps/b"});
  EXPECT_NEAR(Work(farm, 40)["b"], 20, 2);
}

TEST(Scheduling, OfTheSameSweepGivenAgainIsAdopted) {
  Farm farm;
  farm.Submit(Named("a"));
  farm.Submit(Named("b"));
  const std::string digest = farm.Sweep("b").spec_digest();
  const Effects again = farm.Submit(Named("b", "scheduling { priority: 7 device: 'cuda' }"));
  EXPECT_TRUE(std::get<v1::SubmitSweepResponse>(again.reply).already_existed());
  EXPECT_EQ(farm.sweeps["sweeps/b"].spec().scheduling().priority(), 7);
  EXPECT_EQ(farm.Sweep("b").spec_digest(), digest);
  EXPECT_EQ(Work(farm, 4), (std::map<std::string, int>{{"a", 4}})) << "w has no such device";
  farm.Restart();
  farm.Submit(Named("b", "scheduling { priority: 7 }"));
  EXPECT_EQ(Work(farm, 4), (std::map<std::string, int>{{"b", 4}}));
  // Asked only what would be, it adopts nothing.
  farm.Submit(Named("b", "scheduling { priority: -7 }"), false, true);
  EXPECT_EQ(Work(farm, 4), (std::map<std::string, int>{{"b", 4}}));
}

TEST(Needs, AreMatchedAgainstWhatTheWorkerHas) {
  struct Case {
    const char* scheduling;
    bool granted;
  };
  for (const Case& each :
       {Case{"", true}, Case{"device: 'cuda'", true}, Case{"device: 'reference'", true},
        Case{"device: 'tpu'", false}, Case{"memory: '4GiB'", true}, Case{"memory: '5GiB'", false},
        Case{"threads: 2", true}, Case{"threads: 3", false}}) {
    Farm farm;
    farm.Submit(Named("a", absl::StrCat("scheduling { ", each.scheduling, " }")));
    v1::SyncRequest request = Farm::WithMemory("w", 1, int64_t{4} << 30);
    request.mutable_capability()->add_device("cuda");
    request.mutable_capability()->add_engine("reference");
    request.mutable_capability()->set_threads(2);
    EXPECT_EQ(farm.scheduler->HasWorkFor(request, farm.now), each.granted) << each.scheduling;
    EXPECT_EQ(farm.Sync(request).leases_size() > 0, each.granted) << each.scheduling;
  }
}

TEST(Needs, OfASweepDoNotBindTheComparisonAndShareAmongThoseWhoMeetThem) {
  Farm farm;
  farm.Submit(Named("a", "scheduling { memory: '4GiB' }", 8));
  for (const char* name : {"small1", "small2", "small3"}) farm.Sync(name, 0);
  farm.Sync(Farm::WithMemory("large", 0, int64_t{8} << 30));
  EXPECT_THAT(farm.Sync(Farm::WithMemory("large", 100, int64_t{8} << 30)).leases(), SizeIs(8));
  farm.Apply(CancelSweep{"sweeps/a"});
  farm.Submit(Named("b", "scheduling { memory: '4GiB' }", 1));
  for (int stage = 0; stage < 2; ++stage) {
    const v1::SyncResponse granted = farm.Sync(Farm::WithMemory("large", 1, int64_t{8} << 30));
    ASSERT_THAT(granted.leases(), SizeIs(1));
    farm.Report("large", Farm::Result(granted.leases(0)));
  }
  EXPECT_EQ(farm.Sync("small1", 1).leases(0).spec().kind(), v1::JOB_KIND_COMPARE);
}

std::vector<int> UnitsGranted(Farm& farm, int jobs) {
  std::vector<int> units;
  const v1::SyncResponse granted = farm.Sync("w", jobs);
  for (const v1::Lease& lease : granted.leases()) {
    if (units.empty() || units.back() != lease.spec().units())
      units.push_back(lease.spec().units());
  }
  return units;
}

TEST(Order, IsByOperationsUntilItIsMeasured) {
  Farm farm;
  farm.Submit(KnownSweep("grid { units: [128, 64] }"));
  EXPECT_THAT(UnitsGranted(farm, 6), ElementsAre(128, 64, 16));
}

TEST(Order, IsByMeasuredCostBeforeAndAfterARestart) {
  for (bool restart : {false, true}) {
    Farm farm;
    farm.Submit(KnownSweep("seeds { count: 3 } grid { units: [128, 64] }"));
    const v1::SyncResponse granted = farm.Sync("w", 9);
    ASSERT_THAT(granted.leases(), SizeIs(9));
    // One of each shape ends; the small ones take longest, against all expectation.
    const std::map<int, absl::Duration> took = {
        {16, absl::Seconds(50)}, {64, absl::Seconds(20)}, {128, absl::Seconds(30)}};
    const absl::Time begin = farm.now;
    for (int at : {20, 30, 50}) {
      farm.now = begin + absl::Seconds(at);
      for (const v1::Lease& lease : granted.leases()) {
        const bool first = lease.job().find("-s0") != std::string::npos;
        if (!first || took.at(lease.spec().units()) != absl::Seconds(at)) continue;
        v1::SyncRequest request = Farm::Request("w", 0);
        for (const v1::Lease& held : granted.leases()) Farm::Hold(held, request);
        EXPECT_TRUE(farm.Report(request, Farm::Result(lease)).accepted());
      }
    }
    farm.now = begin + absl::Minutes(10);
    farm.Apply(Tick{});
    farm.now += farm.options.longest_backoff;
    if (restart) farm.Restart();
    v1::SyncRequest request = Farm::Request("w", 9);
    auto& kinds = *request.mutable_capability()->mutable_kind();
    kinds.Clear();
    kinds.Add(v1::JOB_KIND_TRAIN);
    std::vector<int> units;
    const v1::SyncResponse next = farm.Sync(request);
    for (const v1::Lease& lease : next.leases()) units.push_back(lease.spec().units());
    EXPECT_THAT(units, ElementsAre(16, 16, 128, 128, 64, 64));
  }
}

TEST(Room, IsLimitedAndSaysSo) {
  Options options;
  options.max_open_jobs = 6;
  Farm farm(options);
  EXPECT_TRUE(farm.Submit(KnownSweep()).status.ok());
  const Effects beyond = farm.Submit(KnownSweep("name: 'more'"));
  EXPECT_EQ(beyond.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(beyond.status.message()),
              HasSubstr("adds 4 jobs to 5 open ones; the limit is 6"));
  EXPECT_THAT(beyond.writes, IsEmpty());
  farm.Restart();
  EXPECT_FALSE(farm.Submit(KnownSweep("name: 'more'")).status.ok()) << "counted again";
  farm.Finish();
  EXPECT_TRUE(farm.Submit(KnownSweep("name: 'more'")).status.ok());
  EXPECT_TRUE(farm.Submit(KnownSweep("name: 'more' seeds { count: 2 }"), true).status.ok());
}

}  // namespace
}  // namespace rnnfarm::scheduler
