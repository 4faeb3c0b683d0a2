#include "client/failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::client {
namespace {

v1::Job Failed(const std::string& id, const std::string& reason,
               v1::JobState state = v1::JOB_STATE_FAILED, const std::string& sweep = "s") {
  v1::Job job;
  job.set_name("sweeps/" + sweep + "/jobs/" + id);
  job.set_reason(reason);
  job.set_state(state);
  return job;
}

TEST(Failures, AreGroupedByMessage) {
  const auto groups = GroupFailures(
      {Failed("a", "out of memory"), Failed("b", "bad data set"), Failed("c", "out of memory")});
  ASSERT_EQ(groups.size(), 2);
  EXPECT_THAT(groups[0].jobs, testing::ElementsAre("sweeps/s/jobs/a", "sweeps/s/jobs/c"));
  EXPECT_EQ(groups[1].reason, "bad data set");
  EXPECT_EQ(groups[1].RetryCommand(), "rnnfarm retry s --failed --reason 'bad data set'");
}

TEST(Failures, NumbersMakeNoGroupsOfTheirOwn) {
  const auto diverged = v1::JOB_STATE_DIVERGED;
  const auto groups = GroupFailures(
      {Failed("a", "training diverged at iteration 17, last finite loss 1.2e+05", diverged),
       Failed("b", "training diverged at iteration 3", diverged),
       Failed("c", "training diverged at iteration 19, last finite loss 4", diverged)});
  ASSERT_EQ(groups.size(), 2) << "one has no loss";
  EXPECT_EQ(groups[0].jobs.size(), 2);
  EXPECT_EQ(groups[0].shared, "training diverged at iteration");
  EXPECT_EQ(groups[0].pattern, "training diverged at iteration # last finite loss #");
  EXPECT_EQ(
      groups[0].RetryCommand(),
      "rnnfarm retry s --failed --reseed --where state=diverged --reason 'training diverged at "
      "iteration'");
}

TEST(Failures, TheSharedBeginningKeepsItsWordsHoweverManyJobsThereAre) {
  std::vector<v1::Job> jobs;
  for (const char* reason : {"it broke at step 1, badly", "it broke at step 2, badly",
                             "it broke at step 18, badly", "it broke at step 3, badly"}) {
    jobs.push_back(Failed(absl::StrCat("j", jobs.size()), reason));
  }
  EXPECT_EQ(GroupFailures(jobs)[0].shared, "it broke at step");
}

TEST(Failures, OfOtherSweepsAndStatesAreOtherGroups) {
  EXPECT_EQ(GroupFailures({Failed("a", "x"), Failed("a", "x", v1::JOB_STATE_FAILED, "t"),
                           Failed("b", "x", v1::JOB_STATE_HELD)})
                .size(),
            3);
}

TEST(Failures, TheCommandIsQuotedForTheShell) {
  EXPECT_EQ(GroupFailures({Failed("a", "can't")})[0].RetryCommand(),
            "rnnfarm retry s --failed --reason 'can'\\''t'");
  EXPECT_EQ(GroupFailures({Failed("a", "")})[0].RetryCommand(), "rnnfarm retry s --failed");
}

TEST(Failures, ACommandTriesTheJobsOfItsGroupAlone) {
  const auto groups =
      GroupFailures({Failed("a", "out of memory"), Failed("b", "out of memory", v1::JOB_STATE_HELD),
                     Failed("c", "disk full; out of memory too"),
                     Failed("d", "training diverged at iteration 3", v1::JOB_STATE_DIVERGED)});
  ASSERT_EQ(groups.size(), 4);
  EXPECT_EQ(groups[0].others_tried, 1) << "c, whose message holds all of a's";
  for (const int i : {1, 2, 3}) EXPECT_EQ(groups[i].others_tried, 0) << i;
  EXPECT_EQ(groups[0].RetryCommand(),
            "rnnfarm retry s --failed --where state=failed --reason 'out of memory'");
  EXPECT_EQ(groups[1].RetryCommand(), "rnnfarm retry s --failed --where state=held");
  EXPECT_EQ(groups[2].RetryCommand(),
            "rnnfarm retry s --failed --reason 'disk full; out of memory too'");
  EXPECT_EQ(groups[3].RetryCommand(), "rnnfarm retry s --failed --reseed --where state=diverged");
}

TEST(Failures, EveryMessageOfAGroupIsLookedAtAndNotItsFirstAlone) {
  const auto groups =
      GroupFailures({Failed("a", "needs 12 GiB"), Failed("b", "needs 11 GiB", v1::JOB_STATE_HELD),
                     Failed("c", "needs 12 GiB", v1::JOB_STATE_HELD)});
  EXPECT_EQ(groups[0].RetryCommand(), "rnnfarm retry s --failed --where state=failed");
  const auto lines =
      GroupFailures({Failed("a", "bad weights:\n W is NaN"), Failed("b", "bad weights:\n b is NaN"),
                     Failed("c", "\x1b[2Jcleared")});
  EXPECT_EQ(lines[0].RetryCommand(), "rnnfarm retry s --failed --reason 'bad weights:'");
  EXPECT_EQ(lines[0].others_tried, 1);
  EXPECT_EQ(lines[2].others_tried, 2) << "nothing can name it";
}

TEST(Failures, AMessageOfSeveralLinesIsNamedByItsFirst) {
  EXPECT_EQ(GroupFailures({Failed("a", "bad weights:\n  W is NaN")})[0].RetryCommand(),
            "rnnfarm retry s --failed --reason 'bad weights:'");
}

TEST(Failures, ALongMessageIsNamedByItsBeginningWhereThatIsEnough) {
  const std::string begin = "the checkpoint of an earlier attempt cannot be read: ";
  const auto named = [&](const std::string& other) {
    return GroupFailures({Failed("a", begin + "it ends too early"), Failed("b", other)})[0].shared;
  };
  EXPECT_EQ(named("out of memory"), "the checkpoint of an earlier attempt cannot be");
  EXPECT_EQ(named(begin + "no such file"), begin + "it ends too early");
}

TEST(Failures, TheCommandIsBrokenAsAShellTakesIt) {
  const FailureGroup group = GroupFailures({Failed("a", "bad data set")})[0];
  EXPECT_EQ(group.RetryCommand(47), "rnnfarm retry s --failed \\\n--reason 'bad data set'");
  EXPECT_EQ(group.RetryCommand(48), "rnnfarm retry s --failed --reason 'bad data set'");
  const FailureGroup diverged =
      GroupFailures({Failed("a", "it diverged", v1::JOB_STATE_DIVERGED)})[0];
  EXPECT_EQ(diverged.RetryCommand(30),
            "rnnfarm retry s --failed \\\n--reseed \\\n--where state=diverged");
  EXPECT_EQ(diverged.RetryCommand(32),
            "rnnfarm retry s --failed \\\n--reseed --where state=diverged");
}

}  // namespace
}  // namespace rnnfarm::client
