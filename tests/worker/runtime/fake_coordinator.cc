#include "tests/worker/runtime/fake_coordinator.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/digest.h"

namespace rnnfarm::worker {
namespace {

// A long training under sanitizers, on a machine that is busy with others.
constexpr absl::Duration kLongestWait = absl::Minutes(3);
constexpr int64_t kChunkBytes = 64 * 1024;
constexpr int kNextSyncNanos = 50'000'000;

}  // namespace

void FakeCoordinator::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(static_cast<v1::WorkerService::Service*>(this));
  builder.RegisterService(static_cast<v1::ArtifactService::Service*>(this));
  server_ = builder.BuildAndStart();
  ASSERT_TRUE(server_ && port > 0);
  port_ = port;
}

void FakeCoordinator::Stop() {
  if (!server_) return;
  server_->Shutdown(absl::ToChronoTime(absl::Now()));
  server_->Wait();
  server_.reset();
}

std::string FakeCoordinator::address() const { return absl::StrCat("127.0.0.1:", port_); }

void FakeCoordinator::Grant(v1::Lease lease) {
  Locked([&] { waiting_.push_back(std::move(lease)); });
}

void FakeCoordinator::Drop(const std::string& job) {
  Locked([&] { active_.erase(job); });
}

std::string FakeCoordinator::Put(const std::string& bytes) {
  const std::string digest = base::DigestOf(bytes);
  Locked([&] { artifacts_[digest] = bytes; });
  return digest;
}

std::string FakeCoordinator::Artifact(const std::string& digest) {
  std::lock_guard lock(mutex_);
  auto found = artifacts_.find(digest);
  EXPECT_NE(found, artifacts_.end()) << "no artifact " << digest;
  return found == artifacts_.end() ? "" : found->second;
}

bool FakeCoordinator::WaitUntil(const std::function<bool()>& condition) {
  const absl::Time until = absl::Now() + kLongestWait;
  while (absl::Now() < until) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return false;
}

v1::JobReport FakeCoordinator::WaitForReport(
    const std::function<bool(const v1::JobReport&)>& matches) {
  v1::JobReport found;
  const bool came = WaitUntil([&] {
    for (const v1::JobReport& report : accepted()) {
      if (!matches(report)) continue;
      found = report;
      return true;
    }
    return false;
  });
  EXPECT_TRUE(came) << "the report expected did not come";
  return found;
}

bool FakeCoordinator::Holds(const std::string& job) {
  std::lock_guard lock(mutex_);
  if (syncs_.empty()) return false;
  for (const v1::HeldLease& held : syncs_.back().held()) {
    if (held.job() == job) return true;
  }
  return false;
}

v1::Progress FakeCoordinator::ProgressOf(const std::string& job) {
  std::lock_guard lock(mutex_);
  if (syncs_.empty()) return {};
  for (const v1::HeldLease& held : syncs_.back().held()) {
    if (held.job() == job) return held.progress();
  }
  return {};
}

void FakeCoordinator::Answer(const v1::SyncRequest& request, v1::SyncResponse& response) {
  for (const v1::JobReport& report : request.reports()) {
    v1::ReportOutcome& outcome = *response.add_outcomes();
    auto found = active_.find(report.job());
    outcome.set_accepted(found != active_.end() && found->second == report.attempt());
    if (!outcome.accepted()) {
      outcome.set_code("ABORTED");
      outcome.set_message("stale attempt");
      continue;
    }
    accepted_.push_back(report);
    if (!report.has_checkpoint()) active_.erase(found);
  }
  for (const v1::HeldLease& held : request.held()) {
    auto found = active_.find(held.job());
    if (found == active_.end() || found->second != held.attempt()) {
      response.add_dropped(held.job());
    }
  }
  for (int slot = 0; slot < request.free_slots() && !waiting_.empty(); ++slot) {
    *response.add_leases() = waiting_.front();
    active_[waiting_.front().job()] = waiting_.front().attempt();
    waiting_.pop_front();
  }
  response.set_drain(drain_);
  response.mutable_next_sync()->set_nanos(kNextSyncNanos);
  response.mutable_lease_term()->set_seconds(absl::ToInt64Seconds(lease_term_));
  response.mutable_lease_term()->set_nanos(
      absl::ToInt64Nanoseconds(lease_term_ % absl::Seconds(1)));
}

grpc::Status FakeCoordinator::Sync(grpc::ServerContext* context, const v1::SyncRequest* request,
                                   v1::SyncResponse* response) {
  std::lock_guard lock(mutex_);
  syncs_.push_back(*request);
  sync_peers_.insert(context->peer());
  auto [answer, fresh] = answers_.try_emplace(request->request_id());
  if (fresh) Answer(*request, answer->second);
  *response = answer->second;
  if (std::exchange(lose_response_, false)) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the answer was lost");
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetUpload(grpc::ServerContext*, const v1::GetUploadRequest* request,
                                        v1::GetUploadResponse* response) {
  std::lock_guard lock(mutex_);
  response->set_complete(artifacts_.contains(request->digest()));
  response->set_committed_bytes(partial_[request->digest()].size());
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::UploadArtifact(grpc::ServerContext* context,
                                             grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                                             v1::UploadArtifactResponse* response) {
  v1::UploadArtifactRequest request;
  std::string digest, bytes;
  {
    std::lock_guard lock(mutex_);
    if (refusals_ > 0) {
      --refusals_;
      return grpc::Status(refusal_, "refused as the test wants");
    }
  }
  Locked([&] {
    upload_peers_.insert(context->peer());
    held_uploads_ += hold_uploads_;
  });
  while (Copy(hold_uploads_) && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(10));
  while (reader->Read(&request)) {
    std::lock_guard lock(mutex_);
    if (digest.empty()) {
      digest = request.digest();
      upload_offsets_.push_back(request.offset());
      bytes = partial_[digest].substr(0, request.offset());
    }
    bytes += request.data();
    partial_[digest] = bytes;
    if (cut_after_ >= 0 && bytes.size() >= cut_after_) {
      cut_after_ = -1;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the connection was cut");
    }
  }
  std::lock_guard lock(mutex_);
  partial_.erase(digest);
  if (base::DigestOf(bytes) != digest) {
    return grpc::Status(grpc::StatusCode::DATA_LOSS, "these bytes have another digest");
  }
  artifacts_[digest] = bytes;
  response->mutable_artifact()->set_name("artifacts/" + digest);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::DownloadArtifact(
    grpc::ServerContext*, const v1::DownloadArtifactRequest* request,
    grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
  std::string bytes;
  {
    std::lock_guard lock(mutex_);
    auto found = artifacts_.find(request->digest());
    if (found == artifacts_.end()) {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such artifact");
    }
    bytes = found->second;
    if (corrupt_.contains(request->digest())) bytes[bytes.size() / 2] ^= 1;
  }
  v1::DownloadArtifactResponse response;
  for (int64_t offset = request->offset(); offset < bytes.size(); offset += kChunkBytes) {
    response.set_size_bytes(bytes.size());
    response.set_data(bytes.substr(offset, kChunkBytes));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

}  // namespace rnnfarm::worker
