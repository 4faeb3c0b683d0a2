#include "worker/runtime/lease_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kTermSeconds = 10;

class LeaseTableTest : public testing::Test {
 protected:
  LeaseTableTest() { Grant("a", 1); }

  // One exchange with a coordinator that renews everything.
  v1::SyncRequest Exchange(v1::SyncResponse response = {}) {
    v1::SyncRequest request;
    table_.Fill(request, now_);
    response.mutable_lease_term()->set_seconds(kTermSeconds);
    while (response.outcomes_size() < request.reports_size()) {
      response.add_outcomes()->set_accepted(true);
    }
    fresh_ = table_.Apply(request, response, now_);
    return request;
  }
  void Grant(const std::string& job, uint64_t attempt) {
    v1::SyncResponse response;
    response.add_leases()->set_job(job);
    response.mutable_leases(0)->set_attempt(attempt);
    Exchange(response);
  }
  static v1::JobReport Result() {
    v1::JobReport report;
    report.mutable_result();
    return report;
  }

  LeaseTable table_;
  TimePoint now_{seconds(1000)};
  std::vector<v1::Lease> fresh_;
  const LeaseId a_{"a", 1};
};

TEST_F(LeaseTableTest, NewLeaseIsStartedOnceAndHeld) {
  ASSERT_EQ(fresh_.size(), 1);
  Grant("a", 1);  // the answer of a repeated request
  EXPECT_TRUE(fresh_.empty());
  EXPECT_EQ(Exchange().held(0).job(), "a");
  EXPECT_EQ(table_.running(), 1);
}

TEST_F(LeaseTableTest, ResultIsSentUntilItIsAnswered) {
  table_.Finish(a_, Result());
  EXPECT_TRUE(table_.HasFinalReport(now_));
  v1::SyncRequest lost;
  table_.Fill(lost, now_);
  EXPECT_EQ(lost.reports_size(), 1);
  EXPECT_EQ(Exchange().reports_size(), 1);
  EXPECT_TRUE(table_.empty());
}

TEST_F(LeaseTableTest, NothingIsWrittenPastFourFifthsOfTheTermUntilRenewed) {
  now_ += seconds(8);
  EXPECT_TRUE(table_.MayWrite(a_, now_));
  now_ += milliseconds(1);
  EXPECT_FALSE(table_.MayWrite(a_, now_));
  table_.Finish(a_, Result());
  EXPECT_FALSE(table_.HasFinalReport(now_));
  // Asks first whether the lease is still its own, and says the result only then.
  EXPECT_EQ(Exchange().reports_size(), 0);
  EXPECT_TRUE(table_.MayWrite(a_, now_));
  EXPECT_EQ(Exchange().reports_size(), 1);
}

TEST_F(LeaseTableTest, RequestWithAReportIsNotRepeatedPastTheFence) {
  v1::SyncRequest heartbeat, request;
  table_.Fill(heartbeat, now_);
  table_.Finish(a_, Result());
  table_.Fill(request, now_);
  now_ += seconds(8);
  EXPECT_TRUE(table_.MayReport(request, now_));
  now_ += milliseconds(1);
  EXPECT_FALSE(table_.MayReport(request, now_));
  EXPECT_TRUE(table_.MayReport(heartbeat, now_));
}

TEST_F(LeaseTableTest, DroppedLeaseIsForgottenOnceItsThreadEnds) {
  v1::SyncResponse response;
  response.add_dropped("a");
  Exchange(response);
  EXPECT_FALSE(table_.Wanted(a_));
  EXPECT_EQ(table_.running(), 1);
  EXPECT_EQ(Exchange().held_size(), 0);
  table_.Finish(a_, Result());
  EXPECT_TRUE(table_.empty());
}

TEST_F(LeaseTableTest, DropMeansTheOlderOfTwoAttempts) {
  Grant("a", 2);
  v1::SyncResponse response;
  response.add_dropped("a");
  Exchange(response);
  EXPECT_FALSE(table_.Wanted(a_));
  EXPECT_TRUE(table_.Wanted({"a", 2}));
}

TEST_F(LeaseTableTest, DroppedTwiceMeansBothAttempts) {
  Grant("a", 2);
  v1::SyncResponse response;
  response.add_dropped("a");
  response.add_dropped("a");
  Exchange(response);
  EXPECT_FALSE(table_.Wanted(a_));
  EXPECT_FALSE(table_.Wanted({"a", 2}));
}

TEST_F(LeaseTableTest, NewAttemptGoesOnWhileTheSupersededOneStillEnds) {
  v1::SyncResponse response;
  response.add_dropped("a");
  response.add_leases()->set_job("a");
  response.mutable_leases(0)->set_attempt(2);
  Exchange(response);
  EXPECT_EQ(table_.running(), 2);  // the old thread has not noticed yet
  // What the old one comes to is nobody's; the new one's result is told as its own.
  table_.OfferCheckpoint(a_, 10, "ten");
  EXPECT_FALSE(table_.TakeOffer(now_).has_value());
  table_.Finish(a_, Result());
  EXPECT_FALSE(table_.HasFinalReport(now_));
  table_.Finish({"a", 2}, Result());
  const v1::SyncRequest request = Exchange();
  ASSERT_EQ(request.reports_size(), 1);
  EXPECT_EQ(request.reports(0).attempt(), 2);
  EXPECT_TRUE(table_.empty());
}

TEST_F(LeaseTableTest, RefusalMeansTheAttemptThatWasRefused) {
  Grant("a", 2);
  table_.Finish(a_, Result());
  v1::SyncResponse response;
  response.add_outcomes()->set_code("ABORTED");
  Exchange(response);
  EXPECT_FALSE(table_.Wanted(a_));
  EXPECT_TRUE(table_.Wanted({"a", 2}));
}

TEST_F(LeaseTableTest, CounterGrowsWithTheJobAndNotWithTheHeartbeat) {
  const auto counter = [&] { return Exchange().held(0).progress().counter(); };
  EXPECT_EQ(counter(), 0);
  table_.Advance(a_, "downloading");
  EXPECT_EQ(counter(), 1);
  v1::Progress progress;
  progress.set_iteration(5);
  table_.SetProgress(a_, progress);
  table_.SetProgress(a_, progress);  // no further in iterations, but alive
  EXPECT_EQ(counter(), 3);
  table_.Advance(a_);
  EXPECT_EQ(counter(), 4);
  EXPECT_EQ(counter(), 4);
  const v1::Progress last = Exchange().held(0).progress();
  EXPECT_EQ(last.iteration(), 5);
  table_.Advance(a_, "uploading");
  EXPECT_EQ(Exchange().held(0).progress().phase(), "uploading");
  EXPECT_EQ(Exchange().held(0).progress().iteration(), 5);
}

TEST_F(LeaseTableTest, RefusedReportDropsItsWork) {
  table_.Finish(a_, Result());
  v1::SyncResponse response;
  response.add_outcomes()->set_code("ABORTED");
  Exchange(response);
  EXPECT_TRUE(table_.empty());
}

TEST_F(LeaseTableTest, ReportIsKeptWhileTheCoordinatorHasNoRoom) {
  table_.Finish(a_, Result());
  v1::SyncResponse response;
  response.add_outcomes()->set_code("RESOURCE_EXHAUSTED");
  Exchange(response);
  EXPECT_EQ(Exchange().reports_size(), 1);
}

TEST_F(LeaseTableTest, OnlyTheNewestCheckpointGoesOneAtATime) {
  table_.OfferCheckpoint(a_, 10, "ten");
  table_.OfferCheckpoint(a_, 20, "twenty");
  auto offer = table_.TakeOffer(now_);
  ASSERT_TRUE(offer.has_value());
  EXPECT_EQ(offer->iteration, 20);
  table_.OfferCheckpoint(a_, 30, "thirty");
  EXPECT_FALSE(table_.TakeOffer(now_).has_value());
  table_.CheckpointUploaded(*offer, "digest");
  EXPECT_FALSE(table_.TakeOffer(now_).has_value());
  EXPECT_EQ(Exchange().reports(0).checkpoint().iteration(), 20);
  EXPECT_EQ(table_.TakeOffer(now_)->iteration, 30);
}

TEST_F(LeaseTableTest, CheckpointAfterTheResultIsNotReported) {
  table_.OfferCheckpoint(a_, 10, "ten");
  const auto offer = table_.TakeOffer(now_);
  table_.Finish(a_, Result());
  table_.CheckpointUploaded(*offer, "digest");
  const v1::SyncRequest request = Exchange();
  ASSERT_EQ(request.reports_size(), 1);
  EXPECT_TRUE(request.reports(0).has_result());
}

TEST_F(LeaseTableTest, CheckpointGoesBeforeTheReturn) {
  v1::JobReport returned;
  returned.mutable_returned()->set_reason("drained");
  v1::Checkpoint checkpoint;
  checkpoint.set_iteration(40);
  table_.Finish(a_, returned, checkpoint);
  const v1::SyncRequest request = Exchange();
  ASSERT_EQ(request.reports_size(), 2);
  EXPECT_TRUE(request.reports(0).has_checkpoint());
  EXPECT_TRUE(request.reports(1).has_returned());
  EXPECT_TRUE(table_.empty());
}

}  // namespace
}  // namespace rnnfarm::worker
