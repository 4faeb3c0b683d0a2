// A sweep that is deleted and submitted again, over gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::HasSubstr;
using Stub = v1::FarmService::Stub;

constexpr char kSweep[] = "sweeps/tiny";

absl::Status Delete(ServedFarm& farm, v1::Sweep* was = nullptr) {
  v1::DeleteSweepRequest request;
  request.set_name(kSweep);
  v1::DeleteSweepResponse response;
  const absl::Status status = farm.Call(&Stub::DeleteSweep, request, &response);
  if (was != nullptr) *was = response.sweep();
  return status;
}

void Cancel(ServedFarm& farm) {
  v1::CancelSweepRequest request;
  request.set_name(kSweep);
  v1::CancelSweepResponse response;
  ASSERT_TRUE(farm.Call(&Stub::CancelSweep, request, &response).ok());
}

TEST(DeleteSweep, TakesItOutOfEveryListAndLeavesItsFilesToTheCollection) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  EXPECT_TRUE(absl::IsFailedPrecondition(Delete(farm)));
  FakeWorker(farm, "w").Finish(kSweep);
  v1::ListResultFilesRequest files;
  files.set_parent(kSweep);
  v1::ListResultFilesResponse listed;
  ASSERT_TRUE(farm.Call(&Stub::ListResultFiles, files, &listed).ok());
  ASSERT_GT(listed.files_size(), 0);

  v1::Sweep was;
  ASSERT_TRUE(Delete(farm, &was).ok());
  EXPECT_EQ(was.state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_EQ(was.network_count(), 2);
  for (bool restarted : {false, true}) {
    if (restarted) {
      farm.Shutdown();
      farm.Start();
    }
    v1::ListSweepsResponse sweeps;
    ASSERT_TRUE(farm.Call(&Stub::ListSweeps, v1::ListSweepsRequest(), &sweeps).ok());
    EXPECT_EQ(sweeps.total_size(), 0);
    v1::ListJobsRequest request;
    request.set_parent("sweeps/-");
    v1::ListJobsResponse jobs;
    ASSERT_TRUE(farm.Call(&Stub::ListJobs, request, &jobs).ok());
    EXPECT_EQ(jobs.total_size(), 0);
    request.set_parent(kSweep);
    EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::ListJobs, request, &jobs)));
    EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::ListResultFiles, files, &listed)));
    EXPECT_TRUE(absl::IsNotFound(Delete(farm)));
    EXPECT_TRUE(farm.Download(listed.files(0).digest()).ok()) << "not old yet";
  }
  // The name is free, for another specification too.
  v1::SweepSpec other = TinySweep();
  other.mutable_seeds()->set_count(3);
  EXPECT_EQ(farm.MustSubmit(other).network_count(), 3);
  FakeWorker(farm, "w").Finish(kSweep);
  EXPECT_EQ(farm.GetSweep(kSweep).state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(DeleteSweep, ALateReportIsNotTakenForOneOfItsSuccessors) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker zombie(farm, "zombie");
  const v1::Lease old = zombie.MustLease(1)[0];
  const v1::JobReport late = zombie.Result(old);
  Cancel(farm);
  ASSERT_TRUE(Delete(farm).ok());
  EXPECT_EQ(zombie.Report(late).code(), "NOT_FOUND");
  farm.Shutdown();
  farm.Start();
  farm.MustSubmit(TinySweep());
  // The very same worker has the very same job again.
  const v1::Lease lease = zombie.MustLease(1)[0];
  ASSERT_EQ(lease.job(), old.job());
  EXPECT_GT(lease.attempt(), old.attempt());
  const v1::ReportOutcome outcome = zombie.Report(late);
  EXPECT_FALSE(outcome.accepted());
  EXPECT_EQ(outcome.code(), "ABORTED") << outcome.message();
  EXPECT_NE(farm.GetJob(old.job()).state(), v1::JOB_STATE_SUCCEEDED);
}

TEST(DeleteSweep, EndsTheListsThatWereBegunOfIt) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::ListJobsRequest request;
  request.set_parent(kSweep);
  request.set_filter("kind=train");
  request.set_page_size(1);
  v1::ListJobsResponse page;
  ASSERT_TRUE(farm.Call(&Stub::ListJobs, request, &page).ok());
  ASSERT_NE(page.next_page_token(), "");
  Cancel(farm);
  ASSERT_TRUE(Delete(farm).ok());
  request.set_page_token(page.next_page_token());
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::ListJobs, request, &page)));
}

}  // namespace
}  // namespace rnnfarm::service
