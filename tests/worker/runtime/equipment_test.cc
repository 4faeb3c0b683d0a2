#include "worker/runtime/equipment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rnnfarm::worker {
namespace {

using testing::ElementsAre;

constexpr int64_t kMebi = int64_t{1} << 20;

TEST(EquipmentTest, OfTheProcessorFollowsThreadsAndMemory) {
  Options options;
  options.threads = 3;
  const auto plain = Equip(options);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->max_pack, 3);
  EXPECT_GT(plain->memory_bytes, 64 * kMebi);
  EXPECT_GT(plain->peak_flops_per_core, 0);
  EXPECT_EQ(plain->trainers.front().peak_flops, plain->peak_flops_per_core);
  options.max_pack = 7;
  options.memory_bytes = 64 * kMebi;
  const v1::Capability capability = CapabilityOf(*Equip(options));
  EXPECT_EQ(capability.max_pack(), 7);
  EXPECT_EQ(capability.memory_bytes(), 64 * kMebi);
  EXPECT_THAT(capability.engine(), ElementsAre("cpu"));
  EXPECT_THAT(capability.device(), ElementsAre("cpu"));
  EXPECT_FALSE(capability.has_peak_flops_per_device());
}

TEST(EquipmentTest, OfTheProcessorAnalysesThere) {
  Options options;
  options.threads = 1;
  EXPECT_THAT(Equip(options)->analysis_devices, testing::IsEmpty());
}

TEST(EquipmentTest, RefusesAnEngineThatThereIsNot) {
  Options options;
  options.threads = 1;
  options.engine = "steam";
  EXPECT_EQ(Equip(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(EquipmentTest, OfDevicesIsNoneOfTheProcessors) {
  Equipment equipment;
  equipment.engine = "cuda";
  equipment.threads = 4;
  equipment.peak_flops_per_core = 1e11;
  for (const double peak : {6e13, 2e13}) equipment.trainers.push_back({nullptr, peak, true, ""});
  ASSERT_TRUE(equipment.on_devices());
  const v1::Capability capability = CapabilityOf(equipment);
  EXPECT_THAT(capability.engine(), ElementsAre("cuda"));
  EXPECT_THAT(capability.device(), ElementsAre("cuda"));
  EXPECT_THAT(capability.kind(),
              ElementsAre(v1::JOB_KIND_SEARCH, v1::JOB_KIND_TRAIN, v1::JOB_KIND_ANALYZE));
  EXPECT_EQ(capability.threads(), 4);
  EXPECT_EQ(capability.peak_flops_per_core(), 1e11);
  EXPECT_EQ(capability.peak_flops_per_device(), 2e13);
}

}  // namespace
}  // namespace rnnfarm::worker
