// Limits on what peers keep open: how many streams, and how long without a byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/channel.h"
#include "base/digest.h"
#include "coordinator/service/peer_limits.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A side that pings more often than the other accepts is cut off after minutes.
static_assert(base::kKeepaliveTimeMs > base::kKeepaliveServerMinimumMs);
static_assert(base::kKeepaliveTimeoutMs <= base::kKeepaliveTimeMs);

TEST(PeerLimits, CountsOverallAndByPeer) {
  PeerLimits limits({.what = "uploads", .overall = 3, .a_peer = 2});
  auto first = limits.Enter("a"), second = limits.Enter("a");
  ASSERT_TRUE(first.ok() && second.ok());
  const absl::Status too_many = limits.Enter("a").status();
  EXPECT_TRUE(absl::IsResourceExhausted(too_many)) << too_many;
  EXPECT_THAT(std::string(too_many.message()),
              AllOf(HasSubstr("2 uploads"), HasSubstr("one peer"), HasSubstr("again in")));
  auto third = limits.Enter("b");
  ASSERT_TRUE(third.ok());
  EXPECT_TRUE(absl::IsResourceExhausted(limits.Enter("c").status()));
  first->reset();
  EXPECT_TRUE(limits.Enter("c").ok());
  EXPECT_TRUE(limits.Enter("a").ok()) << "the ticket that nobody kept is given back";
}

// An upload that was begun and goes on when the test says so.
class OpenUpload {
 public:
  OpenUpload(ServedFarm& farm, const std::string& bytes) : bytes_(bytes) {
    writer_ = farm.artifacts->UploadArtifact(&context_, &response_);
    v1::UploadArtifactRequest request;
    request.set_digest(base::DigestOf(bytes));
    request.set_size_bytes(static_cast<int64_t>(bytes.size()));
    request.set_data(bytes.substr(0, bytes.size() / 2));
    writer_->Write(request);
  }
  absl::Status GoOn() {
    v1::UploadArtifactRequest request;
    request.set_data(bytes_.substr(bytes_.size() / 2));
    writer_->Write(request);
    writer_->WritesDone();
    return base::FromGrpc(writer_->Finish());
  }
  absl::Status WaitForEnd() { return base::FromGrpc(writer_->Finish()); }

 private:
  const std::string bytes_;
  grpc::ClientContext context_;
  v1::UploadArtifactResponse response_;
  std::unique_ptr<grpc::ClientWriter<v1::UploadArtifactRequest>> writer_;
};

TEST(StreamLimits, RefuseOneUploadTooMany) {
  ServedFarm farm;
  farm.Shutdown();
  farm.options.transfers.uploads.a_peer = 1;
  farm.Start();
  OpenUpload open(farm, "the first of two uploads");
  // The first stream may not have reached its handler yet.
  absl::Status refused;
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (refused.ok() && absl::Now() < deadline) {
    refused = farm.Upload(base::DigestOf("second"), "second");
  }
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_TRUE(open.GoOn().ok());
  EXPECT_TRUE(farm.Upload(base::DigestOf("third"), "third").ok());
}

TEST(StreamLimits, EndAnUploadThatFallsSilentAndKeepWhatCame) {
  ServedFarm farm;
  farm.Shutdown();
  farm.options.transfers.silence = absl::Milliseconds(200);
  farm.Start();
  const std::string bytes = "half of this comes, then silence";
  const absl::Status ended = OpenUpload(farm, bytes).WaitForEnd();
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  EXPECT_THAT(std::string(ended.message()), HasSubstr("200ms"));
  grpc::ClientContext context;
  v1::GetUploadRequest request;
  request.set_digest(base::DigestOf(bytes));
  v1::GetUploadResponse response;
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (response.committed_bytes() == 0 && absl::Now() < deadline) {
    grpc::ClientContext again;
    ASSERT_TRUE(farm.artifacts->GetUpload(&again, request, &response).ok());
  }
  EXPECT_EQ(response.committed_bytes(), bytes.size() / 2);
  EXPECT_TRUE(farm.Upload(base::DigestOf(bytes), bytes, response.committed_bytes()).ok());
}

TEST(StreamLimits, EndADownloadThatNobodyReads) {
  ServedFarm farm;
  farm.Shutdown();
  farm.options.transfers.silence = absl::Milliseconds(200);
  farm.Start();
  // More than the buffers on the way hold.
  const std::string digest = farm.MustUpload(std::string(size_t{32} << 20, 'x'));
  grpc::ClientContext context;
  v1::DownloadArtifactRequest request;
  request.set_digest(digest);
  auto reader = farm.artifacts->DownloadArtifact(&context, request);
  absl::SleepFor(absl::Seconds(1));
  v1::DownloadArtifactResponse response;
  while (reader->Read(&response)) {
  }
  const absl::Status ended = base::FromGrpc(reader->Finish());
  EXPECT_TRUE(absl::IsDeadlineExceeded(ended)) << ended;
  EXPECT_TRUE(farm.Download(digest).ok());
}

TEST(StreamLimits, HoldForWatchersOfHealth) {
  ServedFarm farm;
  auto stub = grpc::health::v1::Health::NewStub(base::MakeChannel(farm.server->address()));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>>> watches;
  grpc::health::v1::HealthCheckResponse response;
  constexpr int kMoreThanEnough = 100;
  for (int i = 0; i < kMoreThanEnough; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    watches.push_back(stub->Watch(contexts.back().get(), {}));
    if (!watches.back()->Read(&response)) break;
  }
  ASSERT_LT(watches.size(), kMoreThanEnough);
  const absl::Status refused = base::FromGrpc(watches.back()->Finish());
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  for (auto& context : contexts) context->TryCancel();
  for (size_t i = 0; i + 1 < watches.size(); ++i) watches[i]->Finish();
}

}  // namespace
}  // namespace rnnfarm::service
