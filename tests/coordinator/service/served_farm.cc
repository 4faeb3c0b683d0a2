#include "tests/coordinator/service/served_farm.h"

#include <google/protobuf/text_format.h>
#include <stdlib.h>

#include <filesystem>
#include <numeric>

#include "absl/time/clock.h"
#include "base/array_file.h"
#include "base/channel.h"
#include "base/digest.h"
#include "base/random_stream.h"

namespace rnnfarm::service {
namespace {

constexpr int64_t kUnits = 4, kBits = 2;

base::Array Numbers(std::vector<int64_t> shape, int64_t seed, double spoilt = 0) {
  const int64_t size = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  base::RandomStream random(base::DeriveStream(seed, "service_test", "numbers"));
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(random.Normal()));
  if (spoilt != 0) values.back() = static_cast<float>(spoilt);
  return base::Array::Of<float>(std::move(shape), values);
}

}  // namespace

v1::SweepSpec TinySweep(const std::string& name) {
  v1::SweepSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    base_seed: 7
    task { name: "flipflop" flip_flop { bits: 2 steps: 10 } }
    grid { architecture: "gru" activation: "tanh" units: 4 l2: 1e-5 }
    seeds { count: 2 }
    hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
    training { iterations: 10 }
    analysis { metric { svcca {} } }
  )",
                                                            &spec));
  spec.set_name(name);
  return spec;
}

std::string NetworkFile(double spoilt) {
  base::Archive archive;
  archive.Add("weight_ih_l0", Numbers({3 * kUnits, kBits}, 1));
  archive.Add("weight_hh_l0", Numbers({3 * kUnits, kUnits}, 2, spoilt));
  archive.Add("bias_ih_l0", Numbers({3 * kUnits}, 3));
  archive.Add("readout.weight", Numbers({kBits, kUnits}, 4));
  archive.Add("readout.bias", Numbers({kBits}, 5));
  archive.Add("initial_state", Numbers({kUnits}, 6));
  return *archive.Encode();
}

std::string StatesFile(int64_t seed, double spoilt) {
  return base::EncodeNpy(Numbers({8, 10, kUnits}, 100 + seed, spoilt));
}

std::string FixedPointsFile() {
  base::Archive archive;
  archive.Add("xstar", Numbers({1, kUnits}, 1));
  archive.Add("inputs", Numbers({1, kBits}, 2));
  archive.Add("qstar", Numbers({1}, 3));
  archive.Add("J_xstar", Numbers({1, kUnits, kUnits}, 4));
  archive.Add("eigval_J_xstar", Numbers({1, kUnits}, 5));
  archive.Add("eigvec_J_xstar", Numbers({1, kUnits, kUnits}, 6));
  archive.Add("is_stable", Numbers({1}, 7));
  archive.Add("cond_id", Numbers({1}, 8));
  archive.Add("n_unstable", Numbers({1}, 9));
  archive.Add("transitions", Numbers({1, 1}, 10));
  return *archive.Encode();
}

ServedFarm::ServedFarm() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rnnfarm-XXXXXX").string();
  options.store.path = mkdtemp(pattern.data());
  options.store.free_space_floor_bytes = 0;
  options.listen = "127.0.0.1:0";
  // Twice this long a lease may go unnamed, as the fake worker leaves it.
  options.scheduler.busy_sync = absl::Seconds(10);
  options.scheduler.idle_sync = absl::Milliseconds(800);
  options.scheduler.first_backoff = absl::Milliseconds(5);
  options.scheduler.longest_backoff = absl::Milliseconds(20);
  options.comparison_threads = 1;
  Start();
}

ServedFarm::~ServedFarm() {
  if (server) server->Shutdown();
  std::filesystem::remove_all(options.store.path);
}

void ServedFarm::Start() {
  auto started = CoordinatorServer::Start(options);
  ASSERT_TRUE(started.ok()) << started.status();
  server = *std::move(started);
  auto dialled = base::MakeChannelOptions(server->address(), credentials);
  ASSERT_TRUE(dialled.ok()) << dialled.status();
  auto channel = base::MakeChannel(server->address(), *dialled);
  farm = v1::FarmService::NewStub(channel);
  workers = v1::WorkerService::NewStub(channel);
  artifacts = v1::ArtifactService::NewStub(channel);
}

v1::Sweep ServedFarm::MustSubmit(const v1::SweepSpec& spec) {
  v1::SubmitSweepRequest request;
  *request.mutable_spec() = spec;
  v1::SubmitSweepResponse response;
  auto status = Call(&v1::FarmService::Stub::SubmitSweep, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response.sweep();
}

v1::Sweep ServedFarm::GetSweep(const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  v1::GetSweepResponse response;
  auto status = Call(&v1::FarmService::Stub::GetSweep, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response.sweep();
}

v1::Job ServedFarm::GetJob(const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  v1::GetJobResponse response;
  auto status = Call(&v1::FarmService::Stub::GetJob, request, &response);
  EXPECT_TRUE(status.ok()) << status;
  return response.job();
}

absl::Status ServedFarm::Upload(const std::string& digest, const std::string& bytes, int64_t offset,
                                int64_t size) {
  grpc::ClientContext context;
  v1::UploadArtifactResponse response;
  auto writer = artifacts->UploadArtifact(&context, &response);
  v1::UploadArtifactRequest request;
  request.set_digest(digest);
  request.set_size_bytes(size < 0 ? static_cast<int64_t>(bytes.size()) : size);
  request.set_offset(offset);
  request.set_data(bytes.substr(offset, base::kTransferChunkBytes));
  writer->Write(request);
  for (size_t at = offset + base::kTransferChunkBytes; at < bytes.size();
       at += base::kTransferChunkBytes) {
    request.Clear();
    request.set_data(bytes.substr(at, base::kTransferChunkBytes));
    writer->Write(request);
  }
  writer->WritesDone();
  return base::FromGrpc(writer->Finish());
}

std::string ServedFarm::MustUpload(const std::string& bytes) {
  const std::string digest = base::DigestOf(bytes);
  auto status = Upload(digest, bytes);
  EXPECT_TRUE(status.ok()) << status;
  return digest;
}

absl::StatusOr<std::string> ServedFarm::Download(const std::string& digest, int64_t offset) {
  grpc::ClientContext context;
  v1::DownloadArtifactRequest request;
  request.set_digest(digest);
  request.set_offset(offset);
  auto reader = artifacts->DownloadArtifact(&context, request);
  std::string bytes;
  v1::DownloadArtifactResponse response;
  while (reader->Read(&response)) {
    EXPECT_LE(response.data().size(), base::kTransferChunkBytes);
    bytes += response.data();
  }
  auto status = base::FromGrpc(reader->Finish());
  if (!status.ok()) return status;
  return bytes;
}

v1::SyncRequest FakeWorker::Request(int free_slots) const {
  v1::SyncRequest request;
  request.set_worker(name_);
  request.set_free_slots(free_slots);
  v1::Capability* capability = request.mutable_capability();
  capability->set_max_pack(4);
  for (v1::JobKind kind : {v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE}) {
    capability->add_kind(kind);
  }
  return request;
}

absl::StatusOr<v1::SyncResponse> FakeWorker::Sync(const v1::SyncRequest& request) {
  grpc::ClientContext context;
  v1::SyncResponse response;
  auto status = base::FromGrpc(farm_.workers->Sync(&context, request, &response));
  if (!status.ok()) return status;
  return response;
}

v1::SyncResponse FakeWorker::MustSync(const v1::SyncRequest& request) {
  auto response = Sync(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? *response : v1::SyncResponse();
}

std::vector<v1::Lease> FakeWorker::MustLease(int free_slots) {
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (absl::Now() < deadline) {
    const v1::SyncResponse response = MustSync(Request(free_slots));
    if (!response.leases().empty()) return {response.leases().begin(), response.leases().end()};
  }
  ADD_FAILURE() << "no lease came";
  return {v1::Lease()};
}

v1::JobReport FakeWorker::Result(const v1::Lease& lease) {
  v1::JobReport report;
  report.set_job(lease.job());
  report.set_attempt(lease.attempt());
  v1::JobResult& result = *report.mutable_result();
  auto& artifacts = *result.mutable_artifacts();
  if (lease.spec().kind() == v1::JOB_KIND_TRAIN) {
    artifacts["network"] = farm_.MustUpload(NetworkFile());
    result.mutable_training()->set_iterations(10);
    result.mutable_training()->set_validation_loss(0.5);
  } else {
    artifacts["states"] = farm_.MustUpload(
        StatesFile(static_cast<int64_t>(std::hash<std::string>()(lease.spec().stream_key()) % 97)));
    artifacts["fixed_points"] = farm_.MustUpload(FixedPointsFile());
    result.mutable_fixed_points()->add_conditions()->set_unique(1);
  }
  return report;
}

v1::ReportOutcome FakeWorker::Report(const v1::JobReport& report) {
  v1::SyncRequest request = Request(0);
  *request.add_reports() = report;
  const v1::SyncResponse response = MustSync(request);
  EXPECT_EQ(response.outcomes_size(), 1);
  return response.outcomes_size() == 1 ? response.outcomes(0) : v1::ReportOutcome();
}

void FakeWorker::Finish(const std::string& sweep) {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  while (farm_.GetSweep(sweep).state() == v1::SWEEP_STATE_RUNNING) {
    ASSERT_LT(absl::Now(), deadline) << farm_.GetSweep(sweep).DebugString();
    const v1::SyncResponse response = MustSync(Request(4));
    for (const v1::Lease& lease : response.leases()) {
      const v1::ReportOutcome outcome = Report(Result(lease));
      ASSERT_TRUE(outcome.accepted()) << outcome.message();
    }
  }
}

}  // namespace rnnfarm::service
