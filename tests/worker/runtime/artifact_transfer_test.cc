#include "base/artifact_transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "tests/worker/runtime/fake_coordinator.h"

namespace rnnfarm::base {
namespace {

constexpr int kBytes = 1'000'000;

class ArtifactTransferTest : public testing::Test {
 protected:
  ArtifactTransferTest() : bytes_(kBytes, '\0') {
    for (int i = 0; i < kBytes; ++i) bytes_[i] = static_cast<char>(i % 251);
    stub_ = v1::ArtifactService::NewStub(MakeChannel(coordinator_.address()));
  }

  worker::FakeCoordinator coordinator_;
  std::unique_ptr<v1::ArtifactService::Stub> stub_;
  std::string bytes_;
};

TEST_F(ArtifactTransferTest, ThereAndBack) {
  const auto digest = UploadArtifact(*stub_, bytes_);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, DigestOf(bytes_));
  const auto back = DownloadArtifact(*stub_, *digest);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(*back == bytes_);
}

TEST_F(ArtifactTransferTest, EmptyArtifact) {
  const auto digest = UploadArtifact(*stub_, "");
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(DownloadArtifact(*stub_, *digest).value(), "");
}

TEST_F(ArtifactTransferTest, UploadGoesOnWhereItWasCut) {
  coordinator_.CutNextUploadAfter(600'000);
  ASSERT_TRUE(UploadArtifact(*stub_, bytes_).ok());
  EXPECT_THAT(coordinator_.upload_offsets(), testing::ElementsAre(0, 3 * kTransferChunkBytes));
  EXPECT_TRUE(coordinator_.Artifact(DigestOf(bytes_)) == bytes_);
}

TEST_F(ArtifactTransferTest, WhatIsThereIsNotSentAgain) {
  coordinator_.Put(bytes_);
  ASSERT_TRUE(UploadArtifact(*stub_, bytes_).ok());
  EXPECT_TRUE(coordinator_.upload_offsets().empty());
}

TEST_F(ArtifactTransferTest, DownloadGoesOnFromAnOffset) {
  const std::string digest = coordinator_.Put(bytes_);
  std::string rest;
  Digest so_far;
  so_far.Update(absl::string_view(bytes_).substr(0, 123'456));
  const auto append = [&rest](absl::string_view chunk) {
    absl::StrAppend(&rest, chunk);
    return absl::OkStatus();
  };
  const absl::Status status = DownloadArtifactTo(*stub_, digest, 123'456, so_far, append);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(rest == bytes_.substr(123'456));
}

TEST_F(ArtifactTransferTest, CorruptDownloadIsRefused) {
  const std::string digest = coordinator_.Put(bytes_);
  coordinator_.Corrupt(digest);
  const auto back = DownloadArtifact(*stub_, digest);
  EXPECT_TRUE(absl::IsDataLoss(back.status())) << back.status();
  EXPECT_THAT(std::string(back.status().message()), testing::HasSubstr(digest));
}

TEST_F(ArtifactTransferTest, SinksErrorEndsTheDownload) {
  const std::string digest = coordinator_.Put(bytes_);
  Digest so_far;
  const auto refuse = [](absl::string_view) { return absl::UnavailableError("disk gone"); };
  const absl::Status status = DownloadArtifactTo(*stub_, digest, 0, so_far, refuse);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("disk gone"));
}

TEST_F(ArtifactTransferTest, MissingArtifactIsNotWaitedFor) {
  EXPECT_TRUE(absl::IsNotFound(DownloadArtifact(*stub_, DigestOf("nothing")).status()));
}

TEST_F(ArtifactTransferTest, WaitsForACoordinatorThatComesBack) {
  coordinator_.Stop();
  std::thread later([this] {
    absl::SleepFor(absl::Milliseconds(500));
    coordinator_.Start();
  });
  const auto digest = UploadArtifact(*stub_, bytes_);
  later.join();
  EXPECT_TRUE(digest.ok()) << digest.status();
}

TEST_F(ArtifactTransferTest, GivesUpAnUnreachableCoordinator) {
  coordinator_.Stop();
  TransferOptions options;
  options.give_up_after = absl::Milliseconds(300);
  EXPECT_TRUE(absl::IsUnavailable(UploadArtifact(*stub_, bytes_, options).status()));
}

TEST_F(ArtifactTransferTest, WaitsForFreeSpace) {
  coordinator_.RefuseUploads(2, grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto digest = UploadArtifact(*stub_, bytes_);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_TRUE(coordinator_.Artifact(*digest) == bytes_);
}

TEST_F(ArtifactTransferTest, GivesUpADiskThatStaysFull) {
  coordinator_.RefuseUploads(1'000'000, grpc::StatusCode::RESOURCE_EXHAUSTED);
  TransferOptions options;
  options.give_up_after = absl::Milliseconds(300);
  EXPECT_TRUE(absl::IsUnavailable(UploadArtifact(*stub_, bytes_, options).status()));
}

TEST_F(ArtifactTransferTest, CanBeCancelledWhileWaiting) {
  coordinator_.Stop();
  TransferOptions options;
  options.cancelled = [] { return true; };
  EXPECT_TRUE(absl::IsCancelled(UploadArtifact(*stub_, bytes_, options).status()));
}

}  // namespace
}  // namespace rnnfarm::base
