#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "gmock/gmock.h"
#include "tests/coordinator/scheduler/farm.h"

namespace rnnfarm::scheduler {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const v1::Configuration& Config(const Farm& farm) {
  return *farm.scheduler->FindConfiguration("sweeps/small", kKey);
}

std::vector<v1::Lease> LeaseAll(Farm& farm) {
  const v1::SyncResponse response = farm.Sync("w", 1000);
  return {response.leases().begin(), response.leases().end()};
}

// Without `zero_output` the worker does not tell what a network that answers 0 would score.
v1::JobReport WithLoss(const v1::Lease& lease, double loss,
                       std::optional<double> zero_output = std::nullopt) {
  v1::JobReport report = Farm::Result(lease);
  v1::TrainingSummary& training = *report.mutable_result()->mutable_training();
  training.set_validation_loss(loss);
  if (zero_output.has_value()) training.set_zero_output_mse(*zero_output);
  return report;
}

int DrawOf(Farm& farm, const v1::Lease& lease) {
  return farm.scheduler->FindJob(lease.job())->draw();
}

TEST(Search, HalvesResumesAndChoosesTheBest) {
  Farm farm;
  farm.Submit(SearchedSweep());
  // Losses by draw; 6 and 1 tie for the last place of the first rung, where the lower draw wins.
  const std::vector<double> losses = {0.8, 0.4, 0.1, 0.9, 0.2, 0.3, 0.4, 0.7};
  std::vector<v1::Lease> rung = LeaseAll(farm);
  ASSERT_THAT(rung, SizeIs(8));
  EXPECT_EQ(rung[3].spec().until_iteration(), 5000);
  EXPECT_EQ(rung[3].spec().stream_key(), std::string(kKey) + "-d3");
  for (const v1::Lease& lease : rung) {
    EXPECT_FALSE(farm.scheduler->HasWorkFor(Farm::Request("v", 100), farm.now))
        << "nothing trains before the choice";
    farm.Report("w", WithLoss(lease, losses[DrawOf(farm, lease)]));
  }
  rung = LeaseAll(farm);
  std::vector<int> draws;
  for (const v1::Lease& lease : rung) draws.push_back(DrawOf(farm, lease));
  EXPECT_THAT(draws, ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(rung[0].spec().until_iteration(), 10000);
  EXPECT_EQ(rung[0].spec().resume_from(), absl::StrCat("checkpoint ", kKey, "-d1@5000"));
  farm.Restart();
  for (const v1::Lease& lease : rung) {
    farm.Report("w", WithLoss(lease, losses[DrawOf(farm, lease)] / 2));
  }
  rung = LeaseAll(farm);
  ASSERT_THAT(rung, SizeIs(2));
  EXPECT_EQ(rung[0].spec().until_iteration(), 20000);
  farm.Report("w", WithLoss(rung[0], 0.09));
  farm.Report("w", WithLoss(rung[1], 0.01));  // draw 4 overtakes draw 2
  EXPECT_TRUE(Config(farm).chosen());
  EXPECT_EQ(Config(farm).hyperparameters().SerializeAsString(),
            Config(farm).trials(4).hyperparameters().SerializeAsString());
  EXPECT_EQ(Config(farm).trials(4).rung(), 2);
  EXPECT_EQ(Config(farm).trials(3).rung(), 0);
  const std::vector<v1::Lease> training = LeaseAll(farm);
  ASSERT_THAT(training, SizeIs(2));
  EXPECT_EQ(training[0].spec().kind(), v1::JOB_KIND_TRAIN);
  EXPECT_EQ(training[0].spec().resume_from(), "");
  EXPECT_EQ(training[0].spec().hyperparameters().SerializeAsString(),
            Config(farm).hyperparameters().SerializeAsString());
}

TEST(Search, DivergedDrawsComeLast) {
  Farm farm;
  farm.Submit(SearchedSweep());
  for (const v1::Lease& lease : LeaseAll(farm)) {
    const int draw = DrawOf(farm, lease);
    if (draw == 3) {
      farm.Report("w", WithLoss(lease, std::numeric_limits<double>::quiet_NaN()));
    } else {
      farm.Report("w", draw < 6 ? Farm::Diverged(lease) : WithLoss(lease, 5));
    }
  }
  EXPECT_EQ(farm.Job(absl::StrCat("search-", kKey, "-d3-r0")).state(), v1::JOB_STATE_DIVERGED);
  std::vector<v1::Lease> rung = LeaseAll(farm);
  ASSERT_THAT(rung, SizeIs(2));
  // The whole second rung diverges: what the first one found is the best there is.
  for (const v1::Lease& lease : rung) {
    farm.Report("w", DrawOf(farm, lease) == 6 ? Farm::Diverged(lease) : WithLoss(lease, 4));
  }
  EXPECT_EQ(Config(farm).chosen_draw(), 7) << "one alone has nobody to beat";
  EXPECT_EQ(Config(farm).hyperparameters().SerializeAsString(),
            Config(farm).trials(7).hyperparameters().SerializeAsString());
  EXPECT_EQ(LeaseAll(farm)[0].spec().kind(), v1::JOB_KIND_TRAIN);
}

TEST(Search, WhatDidNotLearnIsExcludedWithTheReason) {
  Farm farm;
  farm.Submit(SearchedSweep());
  constexpr double kZeroOutput = 0.8;  // learnt_below is 0.5
  for (const int rung_size : {8, 4, 2}) {
    const std::vector<v1::Lease> rung = LeaseAll(farm);
    ASSERT_THAT(rung, SizeIs(rung_size));
    for (const v1::Lease& lease : rung) {
      farm.Report("w", WithLoss(lease, 0.4 + 0.01 * DrawOf(farm, lease), kZeroOutput));
    }
    farm.Restart();
  }
  EXPECT_FALSE(Config(farm).chosen());
  EXPECT_FALSE(Config(farm).has_chosen_draw());
  EXPECT_EQ(Config(farm).zero_output_mse(), kZeroOutput);
  const std::string reason =
      "the search did not learn: its best draw, number 0 of 8, reached validation loss 0.4 after "
      "20000 iterations, not below 0.4 = search.learnt_below 0.5 x 0.8, the loss of a network that "
      "answers 0";
  EXPECT_EQ(Config(farm).failure_reason(), reason);
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s0").excluded_reason(), reason);
  const v1::Sweep sweep = farm.Sweep();
  EXPECT_EQ(sweep.search_failure_count(), 1);
  ASSERT_EQ(sweep.search_failures_size(), 1);
  EXPECT_EQ(sweep.search_failures(0).configuration(), kKey);
  EXPECT_EQ(sweep.search_failures(0).networks(), 2);
  EXPECT_EQ(sweep.search_failures(0).reason(), reason);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED) << "a result, not an error";
}

TEST(Search, OneAloneGoesOnUntilItHasLearnt) {
  for (const bool learnt : {true, false}) {
    Farm farm;
    farm.Submit(SearchedSweep("search { trials_per_config: 2 }"));
    for (const v1::Lease& lease : LeaseAll(farm)) {
      farm.Report("w", WithLoss(lease, learnt ? 0.1 : 0.7, 1.0));
    }
    EXPECT_EQ(Config(farm).chosen(), learnt);
    const std::vector<v1::Lease> next = LeaseAll(farm);
    ASSERT_FALSE(next.empty());
    EXPECT_EQ(next[0].spec().kind(), learnt ? v1::JOB_KIND_TRAIN : v1::JOB_KIND_SEARCH);
    if (learnt) continue;
    ASSERT_THAT(next, SizeIs(1));
    EXPECT_EQ(next[0].spec().until_iteration(), 10000);
    farm.Report("w", WithLoss(next[0], 0.3, 1.0));
    EXPECT_EQ(Config(farm).chosen_draw(), 0);
  }
}

TEST(Search, AnyLossWillDoWithoutAThreshold) {
  Farm farm;
  farm.Submit(SearchedSweep("search { trials_per_config: 1 learnt_below: 0 }"));
  farm.Report("w", WithLoss(LeaseAll(farm)[0], 0.99, 1.0));
  EXPECT_TRUE(Config(farm).chosen());
}

TEST(Search, KeepsTheCurveOfEveryDraw) {
  Farm farm;
  farm.Submit(SearchedSweep("search { trials_per_config: 2 }"));
  for (const v1::Lease& lease : LeaseAll(farm)) {
    const int draw = DrawOf(farm, lease);
    v1::JobReport report = draw == 0 ? Farm::Diverged(lease) : WithLoss(lease, 0.1);
    (*report.mutable_result()->mutable_artifacts())["curve"] = absl::StrCat("curve of ", draw);
    farm.Report("w", report);
  }
  farm.Restart();
  EXPECT_EQ(Config(farm).trials(0).curve(), "curve of 0");
  EXPECT_EQ(Config(farm).trials(1).curve(), "curve of 1");
}

TEST(Search, WhenEveryDrawDivergesItsNetworksAreExcludedWithTheReason) {
  Farm farm;
  farm.Submit(SearchedSweep("training { keep_untrained: true }"));
  std::vector<v1::Lease> untrained;
  for (const v1::Lease& lease : LeaseAll(farm)) {
    if (lease.spec().kind() == v1::JOB_KIND_SEARCH) farm.Report("w", Farm::Diverged(lease));
    if (lease.spec().kind() == v1::JOB_KIND_ANALYZE) untrained.push_back(lease);
  }
  const std::string reason = "all 8 draws of the hyperparameter search diverged";
  EXPECT_EQ(Config(farm).failure_reason(), reason);
  const std::string network = std::string(kKey) + "-s1";
  EXPECT_EQ(farm.Network(network).excluded_reason(), reason);
  EXPECT_EQ(farm.Job("train-" + network).state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(farm.Job("train-" + network).reason(), reason);
  EXPECT_EQ(farm.Job("analyze-" + network).state(), v1::JOB_STATE_CANCELLED);
  ASSERT_THAT(untrained, SizeIs(2));
  for (const v1::Lease& lease : untrained) farm.Report("w", Farm::Result(lease));
  EXPECT_TRUE(farm.Network(network + "-untrained").included());
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  // Seeds that come later share the fate.
  ASSERT_TRUE(
      farm.Submit(SearchedSweep("training { keep_untrained: true } seeds { count: 3 }"), true)
          .status.ok());
  EXPECT_EQ(farm.Network(std::string(kKey) + "-s2").excluded_reason(), reason);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
}

TEST(Search, FailedDrawsDoNotHoldUpTheOthers) {
  Farm farm;
  farm.Submit(SearchedSweep("limits { max_attempts: 1 }"));
  for (const v1::Lease& lease : LeaseAll(farm)) {
    const bool fails = DrawOf(farm, lease) < 5;
    farm.Report("w", fails ? Farm::Error(lease, "bad") : Farm::Result(lease));
  }
  EXPECT_THAT(LeaseAll(farm), SizeIs(3));
  // The search went on without it: there is nothing left to retry.
  const std::string name = absl::StrCat("sweeps/small/jobs/search-", kKey, "-d0-r0");
  EXPECT_TRUE(farm.Apply(RetryJobs{{name}, false}).status.ok());
  EXPECT_EQ(farm.scheduler->FindJob(name)->state(), v1::JOB_STATE_CANCELLED);
}

TEST(Search, RetryingAFailedSearchRevivesItsNetworks) {
  Farm farm;
  farm.Submit(SearchedSweep("limits { max_attempts: 1 }"));
  RetryJobs retry;
  for (const v1::Lease& lease : LeaseAll(farm)) {
    farm.Report("w", Farm::Error(lease, "bad"));
    retry.jobs.push_back(lease.job());
  }
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_FAILED);
  EXPECT_THAT(Config(farm).failure_reason(), testing::HasSubstr("0 diverged, 8 failed"));
  EXPECT_TRUE(farm.Apply(retry).status.ok());
  EXPECT_EQ(Config(farm).failure_reason(), "");
  farm.now += absl::Minutes(10);
  farm.Finish();
  EXPECT_EQ(farm.Sweep().state(), v1::SWEEP_STATE_SUCCEEDED);
  EXPECT_TRUE(farm.Network(std::string(kKey) + "-s0").included());
}

}  // namespace
}  // namespace rnnfarm::scheduler
