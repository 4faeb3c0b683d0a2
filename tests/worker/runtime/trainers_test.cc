#include "worker/runtime/trainers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kGibi = int64_t{1} << 30;

engine::Device DeviceOf(int index, int multiprocessors, int64_t memory_bytes) {
  engine::Device device;
  device.index = index;
  device.name = "test device";
  device.multiprocessors = multiprocessors;
  device.memory_bytes = memory_bytes;
  device.peak_flops = 1e12;
  return device;
}

std::vector<engine::Device> Two() {
  return {DeviceOf(0, 132, 70 * kGibi), DeviceOf(1, 108, kGibi)};
}
const absl::Status kNone = absl::FailedPreconditionError("the driver is missing");

std::vector<int> Indices(const absl::StatusOr<EngineChoice>& choice) {
  std::vector<int> indices;
  for (const engine::Device& device : choice.value().devices) indices.push_back(device.index);
  return indices;
}

TEST(Devices, AreAllOrNumbers) {
  EXPECT_THAT(*ParseDevices("all"), IsEmpty());
  EXPECT_THAT(*ParseDevices("0"), ElementsAre(0));
  EXPECT_THAT(*ParseDevices("2,0"), ElementsAre(2, 0));
  for (const char* bad : {"", "x", "0,", "-1", "0,x", "1.5", "99999999999"}) {
    EXPECT_THAT(std::string(ParseDevices(bad).status().message()), HasSubstr("such as 0,1")) << bad;
  }
  EXPECT_THAT(std::string(ParseDevices("1,0,1").status().message()), HasSubstr("device 1 twice"));
}

TEST(ChooseEngine, TakesTheDevicesThatAreWanted) {
  for (const char* asked : {"cuda", "auto"}) {
    EXPECT_EQ(ChooseEngine(asked, {}, Two())->engine, "cuda");
    EXPECT_THAT(Indices(ChooseEngine(asked, {}, Two())), ElementsAre(0, 1));
    EXPECT_THAT(Indices(ChooseEngine(asked, {1}, Two())), ElementsAre(1));
    const absl::Status absent = ChooseEngine(asked, {0, 2}, Two()).status();
    EXPECT_THAT(std::string(absent.message()),
                HasSubstr("--devices names device 2, which is none of the 2 usable ones"));
  }
}

TEST(ChooseEngine, WithoutADeviceAutoIsTheProcessorAndCudaRefused) {
  EXPECT_EQ(ChooseEngine("auto", {}, kNone)->engine, "cpu");
  EXPECT_THAT(Indices(ChooseEngine("auto", {}, kNone)), IsEmpty());
  const absl::Status refused = ChooseEngine("cuda", {}, kNone).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("(the driver is missing); give"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--engine=cpu, or --engine=auto"));
}

TEST(ChooseEngine, EnginesOfTheProcessorTakeNoDevice) {
  EXPECT_EQ(ChooseEngine("reference", {}, Two())->engine, "reference");
  EXPECT_THAT(Indices(ChooseEngine("cpu", {}, Two())), IsEmpty());
}

TEST(MakeTrainers, IsOneForTheProcessor) {
  const auto trainers = MakeTrainers({"cpu", {}}, 0);
  ASSERT_TRUE(trainers.ok()) << trainers.status();
  ASSERT_EQ(trainers->size(), 1);
  EXPECT_EQ((*trainers)[0].engine->name(), "cpu");
  EXPECT_FALSE((*trainers)[0].on_device);
  EXPECT_EQ(MakeTrainers({"steam", {}}, 0).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(DeviceMemory, IsThatOfTheSmallestWithinTheLimit) {
  EXPECT_EQ(DeviceMemory(Two(), 0), kGibi);
  EXPECT_EQ(DeviceMemory({Two()[0]}, 0), 70 * kGibi);
  EXPECT_EQ(DeviceMemory({Two()[0]}, 4 * kGibi), 4 * kGibi);
  EXPECT_EQ(DeviceMemory(Two(), 4 * kGibi), kGibi);
}

TEST(PackOfDevices, FillsTheSmallestOne) {
  EXPECT_EQ(PackOfDevices(Two(), 0, 16), 8 * 108);
  EXPECT_EQ(PackOfDevices({Two()[0]}, 0, 16), 8 * 132);
  EXPECT_EQ(PackOfDevices(Two(), 5, 16), 5);
}

TEST(PackOfDevices, LeavesRoomForAllThatIsInHand) {
  const std::vector<engine::Device> eight(8, DeviceOf(0, 132, kGibi));
  EXPECT_EQ(PackOfDevices(eight, 0, 16), (4096 - 16) / 16);
  EXPECT_EQ(PackOfDevices(Two(), 100'000, 96), 1000);
  EXPECT_EQ(PackOfDevices(Two(), 0, 5000), 1);
}

}  // namespace
}  // namespace rnnfarm::worker
