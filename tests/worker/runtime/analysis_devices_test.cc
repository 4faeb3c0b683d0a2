#include "worker/runtime/analysis_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<engine::Device> Trained(const std::vector<int>& indices) {
  std::vector<engine::Device> devices;
  for (const int index : indices) devices.emplace_back().index = index;
  return devices;
}

std::function<std::vector<int>()> Usable(const std::vector<int>& devices) {
  return [devices] { return devices; };
}

TEST(AnalyzeOn, IsOneOfThreeWords) {
  for (const char* good : {"auto", "cpu", "cuda"}) EXPECT_TRUE(CheckAnalyzeOn(good).ok()) << good;
  EXPECT_EQ(CheckAnalyzeOn("gpu").message(), "\"gpu\" must be auto, cpu or cuda");
}

TEST(ChooseAnalysisDevices, TakesTheDevicesThatTrainWhereLibtorchHasThem) {
  EXPECT_THAT(*ChooseAnalysisDevices("auto", Trained({0, 2}), Usable({0, 1, 2, 3})),
              ElementsAre(0, 2));
  EXPECT_THAT(*ChooseAnalysisDevices("auto", Trained({0, 2}), Usable({0, 1})), ElementsAre(0));
  EXPECT_THAT(*ChooseAnalysisDevices("auto", Trained({0, 2}), Usable({})), IsEmpty());
  EXPECT_THAT(*ChooseAnalysisDevices("cuda", Trained({1}), Usable({0, 1})), ElementsAre(1));
  // Beside training on the processor.
  EXPECT_THAT(*ChooseAnalysisDevices("cuda", {}, Usable({0, 1})), ElementsAre(0, 1));
}

TEST(ChooseAnalysisDevices, LooksForNoneWhereNoneComesIntoQuestion) {
  const auto never = [] {
    ADD_FAILURE() << "took hold of the devices";
    return std::vector<int>{0};
  };
  EXPECT_THAT(*ChooseAnalysisDevices("cpu", Trained({0}), never), IsEmpty());
  EXPECT_THAT(*ChooseAnalysisDevices("auto", {}, never), IsEmpty());
}

TEST(ChooseAnalysisDevices, SaysThatThereIsNone) {
  for (const auto& trained : {Trained({}), Trained({0})}) {
    const absl::Status none = ChooseAnalysisDevices("cuda", trained, Usable({})).status();
    EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(none.message()), HasSubstr("--analyze_on=auto"));
  }
}

TEST(AnalysisDevicesTest, TakeTurns) {
  AnalysisDevices two({3, 1}), none({});
  EXPECT_EQ(two.Next(), 3);
  EXPECT_EQ(two.Next(), 1);
  EXPECT_EQ(two.Next(), 3);
  EXPECT_EQ(none.Next(), dynamics::kProcessor);
}

// What the devices of the calls were, where every device fails with `failure`.
std::vector<int> Tried(int device, const absl::Status& failure, bool& succeeded) {
  std::vector<int> tried;
  succeeded = AnalyseOnOrBeside(device, [&](int where) -> absl::StatusOr<dynamics::Report> {
                tried.push_back(where);
                if (where != dynamics::kProcessor) return failure;
                return dynamics::Report();
              }).ok();
  return tried;
}

TEST(AnalyseOnOrBeside, TurnsToTheProcessorWhereADeviceFails) {
  bool succeeded = false;
  EXPECT_THAT(Tried(1, absl::ResourceExhaustedError("memory"), succeeded),
              ElementsAre(1, dynamics::kProcessor));
  EXPECT_TRUE(succeeded);
  EXPECT_THAT(Tried(dynamics::kProcessor, absl::InternalError(""), succeeded),
              ElementsAre(dynamics::kProcessor));
  EXPECT_TRUE(succeeded);
}

TEST(AnalyseOnOrBeside, GoesOnWithNothingThatIsTheJobsOwn) {
  for (const absl::Status& status :
       {absl::CancelledError("drained"), absl::InvalidArgumentError("not finite")}) {
    bool succeeded = true;
    EXPECT_THAT(Tried(0, status, succeeded), ElementsAre(0));
    EXPECT_FALSE(succeeded);
  }
}

}  // namespace
}  // namespace rnnfarm::worker
