// What people ask of the coordinator, over gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/array_file.h"
#include "base/digest.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Stub = v1::FarmService::Stub;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

TEST(FarmService, TakesASweepToItsEnd) {
  ServedFarm farm;
  const v1::Sweep sweep = farm.MustSubmit(TinySweep());
  EXPECT_EQ(sweep.name(), "sweeps/tiny");
  EXPECT_EQ(sweep.network_count(), 2);
  FakeWorker worker(farm, "w");
  worker.Finish("sweeps/tiny");
  EXPECT_EQ(farm.GetSweep("sweeps/tiny").state(), v1::SWEEP_STATE_SUCCEEDED);

  v1::ListResultFilesRequest request;
  request.set_parent("sweeps/tiny");
  request.set_page_size(3);
  std::vector<std::string> paths;
  do {
    v1::ListResultFilesResponse response;
    ASSERT_TRUE(farm.Call(&Stub::ListResultFiles, request, &response).ok());
    EXPECT_LE(response.files_size(), 3);
    for (const v1::ResultFile& file : response.files()) {
      paths.push_back(file.path());
      auto bytes = farm.Download(file.digest());
      ASSERT_TRUE(bytes.ok()) << file.path() << bytes.status();
      EXPECT_EQ(bytes->size(), file.size_bytes()) << file.path();
      EXPECT_EQ(base::DigestOf(*bytes), file.digest()) << file.path();
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end()));
  EXPECT_THAT(paths, IsSupersetOf({"flipflop/distances/svcca.npy", "flipflop/distances/index.csv",
                                   "flipflop/embeddings/svcca.csv", "flipflop/statistics.json"}));
  EXPECT_THAT(paths, Contains(HasSubstr("flipflop/networks/")).Times(2));
  EXPECT_THAT(paths, Contains(HasSubstr("flipflop/states/")).Times(2));
  EXPECT_THAT(paths, Contains(HasSubstr("flipflop/fixed_points/")).Times(2));
}

TEST(FarmService, AnswersARepeatedRequestAsBefore) {
  ServedFarm farm;
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  submit.set_request_id("6c9d");
  v1::SubmitSweepResponse first, again, other;
  ASSERT_TRUE(farm.Call(&Stub::SubmitSweep, submit, &first).ok());
  EXPECT_FALSE(first.already_existed());
  farm.Shutdown();
  farm.Start();
  ASSERT_TRUE(farm.Call(&Stub::SubmitSweep, submit, &again).ok());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  submit.set_request_id("");
  ASSERT_TRUE(farm.Call(&Stub::SubmitSweep, submit, &other).ok());
  EXPECT_TRUE(other.already_existed());
  // The same id of another method is another request.
  v1::PauseSweepRequest pause;
  pause.set_name("sweeps/tiny");
  pause.set_request_id("6c9d");
  v1::PauseSweepResponse paused;
  ASSERT_TRUE(farm.Call(&Stub::PauseSweep, pause, &paused).ok());
  EXPECT_EQ(paused.sweep().state(), v1::SWEEP_STATE_PAUSED);
}

TEST(FarmService, RefusesABadSweepNamingFieldAndRemedyOfEverything) {
  ServedFarm farm;
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  submit.mutable_spec()->mutable_grid()->set_architecture(0, "gruu");
  submit.mutable_spec()->mutable_grid()->set_l2(0, -1);
  submit.mutable_spec()->mutable_seeds()->set_count(0);
  v1::SubmitSweepResponse response;
  const absl::Status status = farm.Call(&Stub::SubmitSweep, submit, &response);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("grid.architecture[0]"));
  EXPECT_THAT(Text(status), HasSubstr("gru"));
  EXPECT_THAT(Text(status), HasSubstr("grid.l2[0]"));
  EXPECT_THAT(Text(status), HasSubstr("seeds.count"));
  v1::ListSweepsResponse sweeps;
  ASSERT_TRUE(farm.Call(&Stub::ListSweeps, v1::ListSweepsRequest(), &sweeps).ok());
  EXPECT_EQ(sweeps.sweeps_size(), 0);
}

TEST(FarmService, CreatesNothingWhenItOnlyValidates) {
  ServedFarm farm;
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  submit.set_validate_only(true);
  v1::SubmitSweepResponse response;
  ASSERT_TRUE(farm.Call(&Stub::SubmitSweep, submit, &response).ok());
  EXPECT_EQ(response.sweep().network_count(), 2);
  v1::ListSweepsResponse sweeps;
  ASSERT_TRUE(farm.Call(&Stub::ListSweeps, v1::ListSweepsRequest(), &sweeps).ok());
  EXPECT_EQ(sweeps.total_size(), 0);
}

TEST(FarmService, AnImportThatIsOnlyTriedIsTheOneThatIsThere) {
  ServedFarm farm;
  const std::vector<float> values(12, 0.5f);
  const std::string recording = base::EncodeNpy(base::Array::Of<float>({4, 3}, values));
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  v1::Import* import = submit.mutable_spec()->add_import();
  import->set_path("mouse.npy");
  import->set_architecture("recording");
  import->set_digest(base::DigestOf(recording));
  submit.set_validate_only(true);
  v1::SubmitSweepResponse response;
  absl::Status status = farm.Call(&Stub::SubmitSweep, submit, &response);
  ASSERT_TRUE(status.ok()) << status << ": nothing is uploaded to try it";
  farm.MustUpload(recording);
  submit.set_validate_only(false);
  ASSERT_TRUE(farm.Call(&Stub::SubmitSweep, submit, &response).ok());
  EXPECT_FALSE(response.already_existed());
  submit.set_validate_only(true);
  status = farm.Call(&Stub::SubmitSweep, submit, &response);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(response.already_existed());
  v1::ListNetworksRequest request;
  request.set_parent("sweeps/" + submit.spec().name());
  request.set_filter("architecture=recording");
  v1::ListNetworksResponse networks;
  status = farm.Call(&Stub::ListNetworks, request, &networks);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(networks.networks_size(), 1);
  EXPECT_EQ(networks.networks(0).units(), 3);
}

TEST(FarmService, RefusesASweepWhoseDataSetWasNotUploaded) {
  ServedFarm farm;
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  v1::Dataset* dataset = submit.mutable_spec()->mutable_task(0)->mutable_dataset();
  dataset->set_path("lab.npz");
  dataset->set_digest(base::DigestOf("not there"));
  v1::SubmitSweepResponse response;
  const absl::Status status = farm.Call(&Stub::SubmitSweep, submit, &response);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("lab.npz"));
}

TEST(FarmService, DrainsNeitherItselfNorWhoHasLeft) {
  ServedFarm farm;
  v1::DrainWorkerRequest drain;
  drain.set_name("workers/coordinator");
  v1::DrainWorkerResponse response;
  const absl::Status itself = farm.Call(&Stub::DrainWorker, drain, &response);
  EXPECT_TRUE(absl::IsFailedPrecondition(itself)) << itself;
  FakeWorker worker(farm, "w");
  v1::SyncRequest leaves = worker.Request(0);
  leaves.set_draining(true);
  worker.MustSync(leaves);
  drain.set_name("workers/w");
  const absl::Status left = farm.Call(&Stub::DrainWorker, drain, &response);
  EXPECT_TRUE(absl::IsFailedPrecondition(left)) << left;
  EXPECT_THAT(Text(left), HasSubstr("has left"));
  // The next one of its name is another.
  EXPECT_FALSE(worker.MustSync(worker.Request(0)).drain());
  EXPECT_TRUE(farm.Call(&Stub::DrainWorker, drain, &response).ok());
}

TEST(FarmService, NamesTheNearestByWhatIsItsOwn) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::GetSweepRequest request;
  v1::GetSweepResponse response;
  request.set_name("sweeps/tyny");
  EXPECT_THAT(Text(farm.Call(&Stub::GetSweep, request, &response)),
              HasSubstr("did you mean sweeps/tiny?"));
  request.set_name("sweeps/nope");
  EXPECT_THAT(Text(farm.Call(&Stub::GetSweep, request, &response)), Not(HasSubstr("did you mean")));
}

TEST(FarmService, NamesWhatIsUnknownAndWhatIsNear) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep("universality"));
  v1::GetSweepRequest get;
  get.set_name("sweeps/univresality");
  v1::GetSweepResponse sweep;
  absl::Status status = farm.Call(&Stub::GetSweep, get, &sweep);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("did you mean sweeps/universality?"));
  get.set_name("universality");
  status = farm.Call(&Stub::GetSweep, get, &sweep);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("sweeps/{sweep}"));
  v1::CancelSweepRequest cancel;
  cancel.set_name("sweeps/nothing-like-it");
  v1::CancelSweepResponse cancelled;
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::CancelSweep, cancel, &cancelled)));
  v1::GetWorkerRequest worker;
  worker.set_name("workers/none");
  v1::GetWorkerResponse found;
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Stub::GetWorker, worker, &found)));
}

TEST(FarmService, RetriesOnlyWhatFailed) {
  ServedFarm farm;
  v1::SweepSpec spec = TinySweep();
  spec.mutable_limits()->set_max_attempts(1);
  farm.MustSubmit(spec);
  FakeWorker worker(farm, "w");
  const v1::Lease lease = worker.MustLease()[0];
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  report.mutable_error()->set_message("it does not like this seed");
  EXPECT_TRUE(worker.Report(report).accepted());
  EXPECT_EQ(farm.GetJob(lease.job()).state(), v1::JOB_STATE_FAILED);
  v1::RetryJobsRequest retry;
  retry.set_parent("sweeps/tiny");
  v1::RetryJobsResponse retried;
  auto status = farm.Call(&Stub::RetryJobs, retry, &retried);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(retried.jobs(), ::testing::ElementsAre(lease.job()));
  EXPECT_EQ(farm.GetJob(lease.job()).state(), v1::JOB_STATE_PENDING);
}

TEST(FarmService, RetriesWhatDivergedOnlyWithAnotherSeedAndOnlyWhatIsNamed) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  FakeWorker worker(farm, "w");
  v1::RetryJobsRequest retry;
  retry.set_parent("sweeps/tiny");
  std::string named;  // one of the two
  for (const v1::Lease& lease : worker.MustLease(2)) {
    v1::JobReport report;
    report.set_job(lease.job());
    report.set_attempt(lease.attempt());
    report.mutable_result()->set_diverged(true);
    report.mutable_result()->mutable_training()->set_diverged_at(5);
    const v1::ReportOutcome outcome = worker.Report(report);
    ASSERT_TRUE(outcome.accepted()) << outcome.message();
    named = lease.job();
  }
  retry.add_jobs(named);
  v1::RetryJobsResponse retried;
  auto status = farm.Call(&Stub::RetryJobs, retry, &retried);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(retried.jobs(), ::testing::IsEmpty());
  EXPECT_EQ(farm.GetJob(named).state(), v1::JOB_STATE_DIVERGED);
  retry.set_reseed(true);
  status = farm.Call(&Stub::RetryJobs, retry, &retried);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(retried.jobs(), ::testing::ElementsAre(named));
  EXPECT_EQ(farm.GetJob(named).state(), v1::JOB_STATE_PENDING);
}

// Lines added to the job's log behind those that it has, while no coordinator runs.
void AddEvents(ServedFarm& farm, const std::string& job_name, int count) {
  v1::Job job = farm.GetJob(job_name);
  farm.Shutdown();
  auto store = store::Store::Open(farm.options.store);
  ASSERT_TRUE(store.ok()) << store.status();
  store::Batch batch;
  for (int i = 0; i < count; ++i) {
    v1::JobEvent event;
    event.set_kind(v1::JOB_EVENT_KIND_CHECKPOINT);
    event.set_attempt(7);
    event.set_worker("workers/w");
    event.set_text("added " + std::to_string(i));
    batch.events.push_back({job_name, job.event_count() + i, event});
  }
  job.set_event_count(job.event_count() + count);
  batch.jobs.push_back(job);
  ASSERT_TRUE((*store)->Commit({batch}).ok());
  store->reset();
  farm.Start();
}

TEST(FarmService, ListsTheEventsOfAJobPageByPage) {
  constexpr int kAdded = 120;
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::ListJobsRequest list;
  list.set_parent("sweeps/tiny");
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(farm.Call(&Stub::ListJobs, list, &jobs).ok());
  const std::string job = jobs.jobs(0).name(), other = jobs.jobs(1).name();
  AddEvents(farm, job, kAdded);
  const int64_t total = farm.GetJob(job).event_count();
  ASSERT_GE(total, kAdded);

  v1::ListJobEventsRequest request;
  request.set_parent(job);
  std::vector<std::string> texts;
  int pages = 0;
  do {
    v1::ListJobEventsResponse response;
    auto status = farm.Call(&Stub::ListJobEvents, request, &response);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(response.total_size(), total);
    EXPECT_LE(response.events_size(), 50);
    for (const v1::JobEvent& event : response.events()) texts.push_back(event.text());
    request.set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, (total + 49) / 50);
  ASSERT_EQ(texts.size(), total);
  for (int i = 0; i < kAdded; ++i) {
    EXPECT_EQ(texts[total - kAdded + i], "added " + std::to_string(i));
  }
  // Another job's log is its own, and so are its page tokens.
  v1::ListJobEventsResponse response;
  request.set_page_size(1);
  request.set_page_token("");
  ASSERT_TRUE(farm.Call(&Stub::ListJobEvents, request, &response).ok());
  request.set_parent(other);
  request.set_page_token(response.next_page_token());
  EXPECT_TRUE(absl::IsInvalidArgument(farm.Call(&Stub::ListJobEvents, request, &response)));
  request.set_page_token("");
  ASSERT_TRUE(farm.Call(&Stub::ListJobEvents, request, &response).ok());
  EXPECT_EQ(response.total_size(), farm.GetJob(other).event_count());
}

TEST(FarmService, NamesTheNearestJobForEventsOfNone) {
  ServedFarm farm;
  farm.MustSubmit(TinySweep());
  v1::ListJobEventsRequest request;
  v1::ListJobEventsResponse response;
  request.set_parent("sweeps/tiny/jobs/train-flipflop-gru-tanh-4-l2_1e-05-s9");
  auto status = farm.Call(&Stub::ListJobEvents, request, &response);
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(Text(status), HasSubstr("jobs/train-flipflop-gru-tanh-4-l2_1e-05-s0"));
  request.set_parent("sweeps/tiny");
  EXPECT_TRUE(absl::IsInvalidArgument(farm.Call(&Stub::ListJobEvents, request, &response)));
}

}  // namespace
}  // namespace rnnfarm::service
