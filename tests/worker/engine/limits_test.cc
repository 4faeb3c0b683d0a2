#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/engine/small_training.h"
#include "worker/engine/plan_check.h"

namespace rnnfarm::engine {
namespace {

using testing::HasSubstr;

constexpr int kThreads = 3;

class LimitsTest : public SmallTraining {
 protected:
  LimitsTest() : pack_(EveryCell()), engine_(*MakeEngine(GetParam())) {}

  int64_t Bytes(int threads) const { return engine_->MemoryBytes(plan_, pack_, threads); }

  const std::vector<Member> pack_;
  const std::unique_ptr<Engine> engine_;
};

INSTANTIATE_TEST_SUITE_P(Engines, LimitsTest, testing::Values("reference", "cpu"), EngineName);

TEST_P(LimitsTest, MoreThreadsTakeMoreMemoryAsFarAsThereAreNetworks) {
  EXPECT_GT(Bytes(1), 0);
  EXPECT_GT(Bytes(2), Bytes(1));
  EXPECT_EQ(Bytes(100), Bytes(static_cast<int>(pack_.size())));
  Plan longer = plan_;
  const auto task = *task::MakeTask(task::FlipFlop{2, 2000, 0.1, true});
  longer.task = task.get();
  EXPECT_GT(engine_->MemoryBytes(longer, pack_, 1), 2 * Bytes(1));
}

TEST_P(LimitsTest, FewerThreadsRatherThanMoreMemoryAndTheSameBytes) {
  Recorder free;
  const std::vector<Outcome> expected = Train(pack_, kThreads, free);
  EXPECT_GT(free.threads.size(), 1);
  for (int fitting = 1; fitting < kThreads; ++fitting) {
    Recorder recorder;
    const auto outcomes = TryTrain(pack_, kThreads, recorder, {Bytes(fitting + 1) - 1});
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    EXPECT_LE(recorder.threads.size(), fitting);
    for (size_t i = 0; i < pack_.size(); ++i) {
      EXPECT_EQ(SmallTraining::Bytes(pack_[i], (*outcomes)[i].last),
                SmallTraining::Bytes(pack_[i], expected[i].last))
          << pack_[i].stream_key;
    }
  }
}

TEST_P(LimitsTest, PrecisionsThatItLacksAreRefused) {
  for (const Precision precision : {Precision::kTf32, Precision::kBf16}) {
    plan_.precision = precision;
    Recorder recorder;
    const absl::Status refused = TryTrain(pack_, kThreads, recorder).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr(absl::StrCat("precision is ", Name(precision), "; the engine ",
                                       GetParam(), " trains in fp32 alone")));
    EXPECT_TRUE(recorder.threads.empty());
  }
}

TEST_P(LimitsTest, OneNetworkThatDoesNotFitIsRefusedWithTheFlag) {
  Recorder recorder;
  EXPECT_TRUE(TryTrain(pack_, kThreads, recorder, {Bytes(1)}).ok());
  const absl::Status refused = TryTrain(pack_, kThreads, recorder, {Bytes(1) - 1}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("raise --memory"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr(pack_.front().stream_key));
}

}  // namespace
}  // namespace rnnfarm::engine
