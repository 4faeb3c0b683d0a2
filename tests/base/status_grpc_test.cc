#include "base/status_grpc.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace rnnfarm::base {
namespace {

google::rpc::Status DetailsOf(const absl::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(ToGrpc(status).error_details()));
  return details;
}

// The detail of a type; its default where there is none.
template <typename Detail>
Detail Find(const google::rpc::Status& details) {
  Detail found;
  for (const auto& any : details.details()) any.UnpackTo(&found);
  return found;
}

TEST(StatusGrpc, SaysTheReasonAndTheMessageInItsDetails) {
  const auto details = DetailsOf(absl::AbortedError("attempt 3 of sweeps/a/jobs/b is over"));
  EXPECT_EQ(details.code(), static_cast<int>(grpc::StatusCode::ABORTED));
  EXPECT_EQ(details.message(), "attempt 3 of sweeps/a/jobs/b is over");
  const auto info = Find<google::rpc::ErrorInfo>(details);
  EXPECT_EQ(info.reason(), "STALE");
  EXPECT_EQ(info.domain(), "rnnfarm");
  EXPECT_EQ(details.details_size(), 1);
}

TEST(StatusGrpc, NamesTheFieldThatAMessageBeginsWith) {
  const auto bad = Find<google::rpc::BadRequest>(
      DetailsOf(absl::InvalidArgumentError("task[0].dataset.digest: empty: give it")));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "task[0].dataset.digest");
  EXPECT_EQ(bad.field_violations(0).description(), "empty: give it");
}

TEST(StatusGrpc, TakesNoSentenceForAField) {
  for (const char* message : {"nothing is wrong here", "this sentence: has a colon", "", ": "}) {
    EXPECT_EQ(Find<google::rpc::BadRequest>(DetailsOf(absl::InvalidArgumentError(message)))
                  .field_violations_size(),
              0)
        << message;
  }
}

TEST(StatusGrpc, NamesEveryViolationThatWasAdded) {
  absl::Status status = absl::InvalidArgumentError("grid.units: none; seeds.count: 0");
  AddViolation("grid.units", "none", status);
  AddViolation("seeds.count", "0", status);
  const auto bad = Find<google::rpc::BadRequest>(DetailsOf(status));
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "grid.units");
  EXPECT_EQ(bad.field_violations(1).description(), "0");
}

TEST(StatusGrpc, SaysWhenToTryAgainWhereThatHelps) {
  EXPECT_GT(
      Find<google::rpc::RetryInfo>(DetailsOf(absl::ResourceExhaustedError("the disk is full")))
          .retry_delay()
          .seconds(),
      0);
  EXPECT_EQ(DetailsOf(absl::NotFoundError("sweeps/a")).details_size(), 1);
}

// Peers refuse headers beyond 8 KiB, and would show that instead of the error.
TEST(StatusGrpc, FitsIntoHeadersWhateverIsSaid) {
  absl::Status status = absl::InvalidArgumentError(std::string(100'000, 'x') + "\xff");
  for (int i = 0; i < 1000; ++i) AddViolation(absl::StrCat("field[", i, "]"), "bad \xff", status);
  AddViolation(std::string(100'000, 'f'), std::string(100'000, 'd'), status);
  const grpc::Status sent = ToGrpc(status);
  constexpr size_t kBase64 = 3, kOfBase64 = 4, kMostHeaderBytes = 8192;
  EXPECT_LT(sent.error_message().size() + sent.error_details().size() * kOfBase64 / kBase64,
            kMostHeaderBytes - 1024);
  EXPECT_GT(Find<google::rpc::BadRequest>(DetailsOf(status)).field_violations_size(), 1);
}

}  // namespace
}  // namespace rnnfarm::base
