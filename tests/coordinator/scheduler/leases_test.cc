#include <set>

#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

v1::SyncRequest Holding(const std::string& worker, const v1::SyncResponse& granted) {
  v1::SyncRequest request = Farm::Request(worker, 0);
  for (const v1::Lease& lease : granted.leases()) {
    v1::HeldLease& held = *request.add_held();
    held.set_job(lease.job());
    held.set_attempt(lease.attempt());
    held.mutable_progress()->set_iteration(50);
    held.mutable_progress()->set_iterations(100);
    held.mutable_progress()->set_iterations_per_second(3);
  }
  return request;
}

TEST(Grant, PacksHaveOneShapeAndAtMostTheWorkersSize) {
  Farm farm;
  farm.Submit(KnownSweep("grid { architecture: 'lstm' l2: 0.1 } seeds { count: 5 }"));
  const v1::SyncResponse response = farm.Sync("w", 18, 4);
  ASSERT_THAT(response.leases(), SizeIs(18));
  std::map<int64_t, std::vector<v1::JobSpec>> packs;
  for (const v1::Lease& lease : response.leases()) packs[lease.pack()].push_back(lease.spec());
  // Ten of the first shape as 4 + 4 + 2, eight of the second as 4 + 4.
  std::vector<size_t> sizes;
  for (const auto& [number, specs] : packs) {
    sizes.push_back(specs.size());
    for (const v1::JobSpec& spec : specs) EXPECT_EQ(spec.architecture(), specs[0].architecture());
  }
  EXPECT_THAT(sizes, ElementsAre(4, 4, 2, 4, 4));
  EXPECT_EQ(absl::Seconds(response.next_sync().seconds()), farm.options.busy_sync);
  EXPECT_EQ(response.lease_term().seconds(), 60);
}

// A worker that trains on devices, with room for so much.
v1::SyncRequest WithPacks(int free_packs, int free_slots, int max_pack) {
  v1::SyncRequest request = Farm::Request("w", free_slots, max_pack);
  request.set_free_packs(free_packs);
  return request;
}

std::vector<size_t> PackSizes(const v1::SyncResponse& response) {
  std::map<int64_t, size_t> sizes;
  for (const v1::Lease& lease : response.leases()) ++sizes[lease.pack()];
  std::vector<size_t> in_order;
  for (const auto& [pack, size] : sizes) in_order.push_back(size);
  return in_order;
}

TEST(Grant, PacksOfAWorkerThatCountsThemTakeNoSlots) {
  Farm farm;
  farm.Submit(KnownSweep("grid { architecture: 'lstm' l2: 0.1 } seeds { count: 5 }"));
  EXPECT_FALSE(farm.scheduler->HasWorkFor(WithPacks(0, 18, 4), farm.now));
  EXPECT_THAT(farm.Sync(WithPacks(0, 18, 4)).leases(), IsEmpty());
  EXPECT_TRUE(farm.scheduler->HasWorkFor(WithPacks(2, 0, 4), farm.now));
  // Ten of each shape; a pack that is not full is a pack.
  EXPECT_THAT(PackSizes(farm.Sync(WithPacks(2, 0, 4))), ElementsAre(4, 4));
  EXPECT_THAT(PackSizes(farm.Sync(WithPacks(2, 0, 8))), ElementsAre(2, 8));
  EXPECT_THAT(PackSizes(farm.Sync(WithPacks(1000, 0, 8))), ElementsAre(2));
}

TEST(Grant, OtherJobsOfAWorkerThatCountsPacksTakeSlots) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 4 }"));
  const v1::SyncResponse trained = farm.Sync(WithPacks(1, 3, 4));
  ASSERT_THAT(trained.leases(), SizeIs(4));
  for (const v1::Lease& lease : trained.leases()) farm.Report("w", Farm::Result(lease));
  const v1::SyncResponse analyses = farm.Sync(WithPacks(0, 3, 4));
  ASSERT_THAT(analyses.leases(), SizeIs(3));
  for (const v1::Lease& lease : analyses.leases()) {
    EXPECT_EQ(lease.spec().kind(), v1::JOB_KIND_ANALYZE);
  }
}

TEST(Grant, HasALimitForAnAnswerWhateverAWorkerSays) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 5000 }"));
  EXPECT_THAT(farm.Sync(WithPacks(INT32_MAX, INT32_MAX, INT32_MAX)).leases(), SizeIs(4096));
  EXPECT_THAT(farm.Sync(WithPacks(-1, -1, -1)).leases(), IsEmpty());
}

TEST(Grant, AxesThatTheTrainingSharesAreOfTheShape) {
  Farm farm;
  farm.Submit(KnownSweep("grid { axis { field: 'batch_size' value: [8, 16] } }"));
  std::map<int64_t, std::set<int>> sizes;
  const v1::SyncResponse granted = farm.Sync("w", 8);
  for (const v1::Lease& lease : granted.leases()) {
    sizes[lease.pack()].insert(lease.spec().training().batch_size());
  }
  ASSERT_THAT(sizes, SizeIs(2));
  for (const auto& [pack, values] : sizes) EXPECT_THAT(values, SizeIs(1));
}

TEST(Grant, WorkersShareAShape) {
  Farm farm;
  farm.Sync("a", 0);
  farm.Sync("b", 0);
  farm.Submit(KnownSweep("seeds { count: 10 }"));
  EXPECT_THAT(farm.Sync("a", 100, 100).leases(), SizeIs(5));
  EXPECT_THAT(farm.Sync("b", 100, 100).leases(), SizeIs(3));
}

TEST(Grant, OnlyWhatTheWorkerCanDo) {
  Farm farm;
  farm.Submit(KnownSweep());
  v1::SyncRequest request = Farm::Request("w", 8);
  request.mutable_capability()->clear_kind();
  request.mutable_capability()->add_kind(v1::JOB_KIND_COMPARE);
  EXPECT_FALSE(farm.scheduler->HasWorkFor(request, farm.now));
  EXPECT_THAT(farm.Sync(request).leases(), IsEmpty());
  EXPECT_THAT(farm.Sync("v", 0).leases(), IsEmpty());
  EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::Request("v", 1), farm.now));
}

TEST(Grant, AnalysesGoBeforeTrainingInTheirSweep) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse first = farm.Sync("w", 1);
  EXPECT_EQ(first.leases(0).job(), "sweeps/small/jobs/train-" + std::string(kKey) + "-s0");
  farm.Report("w", Farm::Result(first.leases(0)));
  const v1::SyncResponse next = farm.Sync("w", 3);
  ASSERT_THAT(next.leases(), SizeIs(2));
  EXPECT_EQ(next.leases(0).job(), "sweeps/small/jobs/analyze-" + std::string(kKey) + "-s0");
  EXPECT_EQ(next.leases(1).job(), "sweeps/small/jobs/train-" + std::string(kKey) + "-s1");
}

TEST(Lease, LivesWhileItIsNamed) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse granted = farm.Sync("w", 2);
  for (int i = 0; i < 10; ++i) {
    farm.now += absl::Seconds(30);
    EXPECT_THAT(farm.Sync(Holding("w", granted)).dropped(), IsEmpty());
    EXPECT_THAT(farm.Apply(Tick{}).writes, IsEmpty());
  }
  const v1::Sweep sweep = farm.Sweep();
  EXPECT_EQ(sweep.stages(0).leased(), 2);
  EXPECT_EQ(sweep.stages(0).running_share(), 0.5);
  EXPECT_EQ(sweep.stages(0).iterations_per_second(), 6);
  EXPECT_THAT(farm.scheduler->Workers()[0].leases(), SizeIs(2));
}

TEST(Lease, RunsOutWithoutItsWorker) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse granted = farm.Sync("w", 1);
  EXPECT_EQ(farm.scheduler->NextTick(), farm.now + farm.options.lease_term);
  const absl::Time before = farm.now = farm.scheduler->NextTick();
  EXPECT_FALSE(farm.Apply(Tick{}).wake_idle) << "it backs off first";
  const v1::Job& job = farm.Job("train-" + std::string(kKey) + "-s0");
  EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(job.lost_leases(), 1);
  EXPECT_EQ(job.attempts(0).outcome(), "lost: the lease ran out");
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_LOST);
  farm.now = farm.scheduler->NextTick();
  EXPECT_LE(farm.now, before + farm.options.first_backoff);
  EXPECT_TRUE(farm.Apply(Tick{}).wake_idle);
  EXPECT_THAT(farm.Sync(Holding("w", granted)).dropped(), ElementsAre(granted.leases(0).job()));
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_ACTIVE);
}

TEST(Lease, IsAdoptedAgainAfterARestartWithAFullTerm) {
  Farm farm;
  farm.Submit(KnownSweep());
  const v1::SyncResponse granted = farm.Sync("w", 1);
  farm.now += absl::Seconds(59);
  farm.Restart();
  farm.now += absl::Seconds(59);
  farm.Apply(Tick{});
  EXPECT_THAT(farm.Sync(Holding("w", granted)).dropped(), IsEmpty());
  EXPECT_THAT(farm.Sync(Holding("thief", granted)).dropped(), SizeIs(1));
  v1::SyncResponse stale = granted;
  stale.mutable_leases(0)->set_attempt(7);
  EXPECT_THAT(farm.Sync(Holding("w", stale)).dropped(), SizeIs(1));
  EXPECT_TRUE(farm.Report("w", Farm::Result(granted.leases(0))).accepted());
}

TEST(Lease, ComesBackSoonIfTheGrantNeverArrivedAndCostsNothing) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  farm.Sync("w", 1);
  farm.now += absl::Seconds(3);
  EXPECT_THAT(farm.Sync("w", 1).leases(), IsEmpty()) << "a late duplicate must not take it back";
  farm.now += absl::Seconds(2);
  const v1::SyncResponse again = farm.Sync("w", 1);
  ASSERT_THAT(again.leases(), SizeIs(1));
  EXPECT_EQ(again.leases(0).attempt(), 2);
  EXPECT_EQ(farm.Job("train-" + std::string(kKey) + "-s0").lost_leases(), 0);
  // Named once and then no more: the worker lost it.
  farm.Sync(Holding("w", again));
  farm.now += absl::Seconds(5);
  farm.Sync("w", 0);
  EXPECT_EQ(farm.Job("train-" + std::string(kKey) + "-s0").lost_leases(), 1);
}

TEST(Quarantine, OfAJobNeedsTwoWorkersThatLostIt) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const std::string id = "train-" + std::string(kKey) + "-s0";
  const auto lose = [&](const std::string& worker) {
    ASSERT_THAT(farm.Sync(worker, 1).leases(), SizeIs(1));
    farm.now += farm.options.lease_term;
    farm.Apply(Tick{});
    farm.now += farm.options.longest_backoff;
  };
  for (int i = 0; i < 7; ++i) lose("w");
  EXPECT_EQ(farm.Job(id).state(), v1::JOB_STATE_PENDING);
  lose("v");
  EXPECT_EQ(farm.Job(id).state(), v1::JOB_STATE_QUARANTINED);
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s0").state(), v1::NETWORK_STATE_FAILED);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_FAILED);
  EXPECT_EQ(farm.Job("compare-flipflop").state(), v1::JOB_STATE_SUCCEEDED);
}

TEST(Quarantine, OfAComparisonNeedsOneWorkerSinceThereIsOnlyOne) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const auto leased = [&] { return farm.Sync("w", 1).leases(); };
  int lost = 0;
  for (int i = 0; i < 20; ++i) {
    farm.now += absl::Minutes(10);
    for (const v1::Lease& lease : leased()) {
      const bool compares = lease.spec().kind() == v1::JOB_KIND_COMPARE;
      lost += compares;
      farm.Report("w", compares ? Farm::Error(lease, "out of memory", true) : Farm::Result(lease));
    }
  }
  EXPECT_EQ(lost, farm.options.max_lost_leases);
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_FAILED);
}

TEST(Attempts, OnlyTheLastTwentyAreKept) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  for (int i = 0; i < 30; ++i) {
    farm.Sync("w", 1);
    farm.now += farm.options.lease_term;
    farm.Apply(Tick{});
    farm.now += farm.options.longest_backoff;
  }
  const v1::Job& job = farm.Job("train-" + std::string(kKey) + "-s0");
  EXPECT_THAT(job.attempts(), SizeIs(20));
  EXPECT_EQ(job.attempts(19).attempt(), 30);
  EXPECT_EQ(job.attempt(), 30);
}

TEST(Worker, DrainsWhenAskedAndReturnsWhatItHolds) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::SyncResponse granted = farm.Sync("w", 1);
  EXPECT_TRUE(farm.Apply(DrainWorker{"workers/w"}).status.ok());
  EXPECT_EQ(farm.Apply(DrainWorker{"workers/x"}).status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(farm.scheduler->HasWorkFor(Farm::Request("w", 4), farm.now)) << "to be told";
  v1::SyncRequest request = Holding("w", granted);
  request.set_free_slots(4);
  EXPECT_TRUE(farm.Sync(request).drain());
  request = Farm::Request("w", 4);
  request.set_draining(true);
  v1::JobReport& report = *request.add_reports();
  report.set_job(granted.leases(0).job());
  report.set_attempt(granted.leases(0).attempt());
  report.mutable_returned()->set_reason("drained");
  const v1::SyncResponse last = farm.Sync(request);
  EXPECT_TRUE(last.outcomes(0).accepted());
  EXPECT_THAT(last.leases(), IsEmpty());
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_DRAINING);
  const v1::Job& job = farm.Job("train-" + std::string(kKey) + "-s0");
  EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(job.preemptions(), 1);
  EXPECT_EQ(job.errors() + job.lost_leases(), 0);
  EXPECT_THAT(farm.Sync("w", 1).leases(), SizeIs(1)) << "the next process of the name is welcome";
}

TEST(Worker, DrainsThoughTheCoordinatorWasRestartedMeanwhile) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  const v1::SyncResponse granted = farm.Sync("w", 1);
  farm.Apply(DrainWorker{"workers/w"});
  farm.Restart();
  ASSERT_THAT(farm.scheduler->Workers(), SizeIs(1));
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_DRAINING);
  EXPECT_TRUE(farm.Sync(Holding("w", granted)).drain());
  v1::SyncRequest last = Farm::Request("w", 0);
  last.set_draining(true);
  farm.Sync(last);
  EXPECT_THAT(farm.workers, IsEmpty()) << "it has left";
  farm.Restart();
  EXPECT_FALSE(farm.Sync("w", 1).drain()) << "the next process of the name is welcome";
}

TEST(Worker, ThatDoesNotComeBackWithinATermIsNotAskedToDrain) {
  Farm farm;
  farm.Sync("w", 1);
  farm.Apply(DrainWorker{"workers/w"});
  farm.Restart();
  farm.now += farm.options.lease_term;
  farm.Apply(Tick{});
  EXPECT_THAT(farm.workers, IsEmpty());
  EXPECT_FALSE(farm.Sync("w", 1).drain());
}

TEST(Worker, ThatIsAskedToDrainIsToldAtOnceAndALostOneCannotBe) {
  Farm farm;
  farm.Sync("w", 1);
  EXPECT_TRUE(farm.Apply(DrainWorker{"workers/w"}).wake_idle);
  farm.now = farm.scheduler->NextTick();
  farm.Apply(Tick{});
  const absl::Status lost = farm.Apply(DrainWorker{"workers/w"}).status;
  EXPECT_EQ(lost.code(), absl::StatusCode::kFailedPrecondition) << lost;
}

TEST(Worker, ThatLeavesGivesBackAtOnceWhatItNeverTookUp) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  farm.Sync("w", 1);
  v1::SyncRequest request = Farm::Request("w", 0);
  request.set_draining(true);
  farm.Sync(request);
  const v1::Job& job = farm.Job("train-" + std::string(kKey) + "-s0");
  EXPECT_EQ(job.state(), v1::JOB_STATE_PENDING);
  EXPECT_EQ(job.lost_leases(), 0);
}

TEST(Lease, IsRenewedAloneWhileReportsAreChecked) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 2 }"));
  const v1::SyncResponse granted = farm.Sync("w", 2);
  farm.now += farm.options.lease_term * 0.9;
  scheduler::Sync renewal{Holding("w", granted)};
  renewal.only_renews = true;
  renewal.request.mutable_held()->RemoveLast();
  EXPECT_TRUE(farm.Apply(renewal).status.ok());
  EXPECT_EQ(farm.Job("train-" + std::string(kKey) + "-s1").state(), v1::JOB_STATE_LEASED)
      << "what is not named is not taken back";
  farm.now += farm.options.lease_term * 0.2;
  farm.Apply(Tick{});
  EXPECT_EQ(farm.Job("train-" + std::string(kKey) + "-s0").state(), v1::JOB_STATE_LEASED);
  EXPECT_EQ(farm.Job("train-" + std::string(kKey) + "-s1").state(), v1::JOB_STATE_PENDING);
}

// As many distinct jobs in a row as quarantine a worker.
void FailFive(Farm& farm, const std::string& worker, bool of_input = false) {
  for (int i = 0; i < farm.options.max_failures_in_a_row; ++i) {
    const v1::SyncResponse granted = farm.Sync(worker, 1);
    ASSERT_THAT(granted.leases(), SizeIs(1));
    v1::JobReport report = Farm::Error(granted.leases(0), "disk full", !of_input);
    report.mutable_error()->set_of_input(of_input);
    farm.Report(worker, report);
  }
}

TEST(Worker, ThatFailsJobAfterJobIsQuarantinedUnlessItIsTheLast) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 20 }"));
  farm.Sync("b", 0);
  FailFive(farm, "a");
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_QUARANTINED);
  EXPECT_THAT(farm.Sync("a", 1).leases(), IsEmpty());
  FailFive(farm, "b");
  EXPECT_EQ(farm.scheduler->Workers()[1].state(), v1::WORKER_STATE_ACTIVE);
  EXPECT_THAT(farm.Sync("b", 1).leases(), SizeIs(1));
  // The other one goes: what nobody else could do is given to the one in quarantine.
  farm.now += farm.options.lease_term;
  EXPECT_THAT(farm.Sync("a", 1).leases(), IsEmpty());
  farm.Apply(Tick{});
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_ACTIVE);
  EXPECT_EQ(farm.scheduler->Workers()[1].state(), v1::WORKER_STATE_LOST);
  EXPECT_THAT(farm.Sync("a", 1).leases(), SizeIs(1));
}

TEST(Worker, InQuarantineIsTrustedWhenWorkComesThatNobodyElseCanDo) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 20 }"));
  farm.Sync("b", 0);
  FailFive(farm, "a");
  farm.Apply(CancelSweep{farm.Sweep().name()});
  farm.now += farm.options.lease_term;
  farm.Sync("a", 0);
  farm.Apply(Tick{});
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_QUARANTINED)
      << "there is nothing to do";
  v1::SweepSpec another = KnownSweep();
  another.set_name("another");
  farm.Submit(another);
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_ACTIVE);
  EXPECT_THAT(farm.Sync("a", 1).leases(), SizeIs(1));
}

TEST(Lease, ThatIsLostBacksOff) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 1 }"));
  absl::Duration longest = farm.options.first_backoff;
  for (int lost = 1; lost <= 3; ++lost) {
    ASSERT_THAT(farm.Sync("w", 1).leases(), SizeIs(1));
    farm.now += farm.options.lease_term;
    farm.Apply(Tick{});
    const v1::Job& job = farm.Job("train-" + std::string(kKey) + "-s0");
    EXPECT_EQ(job.lost_leases(), lost);
    ASSERT_TRUE(job.has_not_before());
    const absl::Time not_before = absl::FromUnixSeconds(job.not_before().seconds()) +
                                  absl::Nanoseconds(job.not_before().nanos());
    EXPECT_GT(not_before, farm.now);
    EXPECT_LE(not_before, farm.now + longest);
    EXPECT_THAT(farm.Sync("w", 1).leases(), IsEmpty()) << "it is too early";
    farm.now = not_before;
    longest *= 2;
  }
}

TEST(Worker, IsNotToBlameForWhatItWasGiven) {
  Farm farm;
  farm.Submit(KnownSweep("seeds { count: 20 }"));
  farm.Sync("b", 0);
  FailFive(farm, "a", /*of_input=*/true);
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_ACTIVE);
  EXPECT_EQ(farm.scheduler->Workers()[0].failures_in_a_row(), 0);
}

TEST(Worker, IsForgottenADayAfterItWentSilent) {
  Farm farm;
  farm.Sync("w", 0);
  farm.now = farm.scheduler->NextTick();
  farm.Apply(Tick{});
  EXPECT_EQ(farm.scheduler->Workers()[0].state(), v1::WORKER_STATE_LOST);
  farm.now = farm.scheduler->NextTick();
  farm.Apply(Tick{});
  EXPECT_THAT(farm.scheduler->Workers(), IsEmpty());
  EXPECT_EQ(farm.scheduler->NextTick(), absl::InfiniteFuture());
}

TEST(Worker, MustHaveAName) {
  Farm farm;
  EXPECT_EQ(farm.Apply(Sync{v1::SyncRequest()}).status.code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rnnfarm::scheduler
