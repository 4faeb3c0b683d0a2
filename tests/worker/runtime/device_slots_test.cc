#include "worker/runtime/device_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace rnnfarm::worker {
namespace {

bool Wanted() { return true; }
bool Unwanted() { return false; }

TEST(DeviceSlotsTest, HasTwoPacksInHandForEachDevice) {
  DeviceSlots slots(2);
  EXPECT_EQ(slots.free(), 4);
  std::vector<std::unique_ptr<DeviceSlots::Place>> places;
  for (int i = 0; i < 4; ++i) places.push_back(slots.Enter());
  EXPECT_EQ(slots.free(), 0);
  // Leased all the same, by a coordinator that counts no packs.
  places.push_back(slots.Enter());
  EXPECT_EQ(slots.free(), 0);
  places.clear();
  EXPECT_EQ(slots.free(), 4);
}

TEST(DeviceSlotsTest, APackHasADeviceForItself) {
  DeviceSlots slots(2);
  const auto a = slots.Enter(), b = slots.Enter(), c = slots.Enter();
  EXPECT_EQ(a->TakeDevice(Wanted), 0);
  EXPECT_EQ(b->TakeDevice(Wanted), 1);
  EXPECT_EQ(c->TakeDevice(Unwanted), std::nullopt);
}

TEST(DeviceSlotsTest, TheNextPackTakesTheDeviceThatIsLeft) {
  DeviceSlots slots(2);
  const auto a = slots.Enter(), b = slots.Enter(), c = slots.Enter();
  a->TakeDevice(Wanted);
  b->TakeDevice(Wanted);
  std::optional<int> device;
  std::thread next([&] { device = c->TakeDevice(Wanted); });
  b->Leave();
  EXPECT_EQ(slots.free(), 2);  // a trains, c is to train
  next.join();
  EXPECT_EQ(device, 1);
  EXPECT_EQ(slots.free(), 2);
}

TEST(DeviceSlotsTest, ThoseThatWereReadyFirstTrainFirst) {
  DeviceSlots slots(1);
  auto training = slots.Enter();
  training->TakeDevice(Wanted);
  std::atomic<int> asked = 0;
  std::vector<int> order;  // guarded by the device
  const auto train = [&](int number) {
    const auto place = slots.Enter();
    bool first = true;
    place->TakeDevice([&] {
      asked += first;
      first = false;
      return true;
    });
    order.push_back(number);
  };
  std::vector<std::thread> packs;
  for (int number = 0; number < 4; ++number) {
    packs.emplace_back(train, number);
    // It waits by now.
    while (asked <= number) std::this_thread::yield();
  }
  training.reset();
  for (std::thread& pack : packs) pack.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(DeviceSlotsTest, APackThatIsNoLongerWantedLetsTheOthersBy) {
  DeviceSlots slots(1);
  auto training = slots.Enter();
  training->TakeDevice(Wanted);
  std::atomic<bool> waits = false, dropped = false;
  std::optional<int> unwanted_device = 7, device;
  std::thread unwanted([&] {
    const auto place = slots.Enter();
    unwanted_device = place->TakeDevice([&] {
      waits = true;
      return !dropped;
    });
  });
  while (!waits) std::this_thread::yield();
  std::thread next([&] {
    const auto place = slots.Enter();
    device = place->TakeDevice(Wanted);
  });
  dropped = true;
  unwanted.join();
  EXPECT_EQ(unwanted_device, std::nullopt);
  training.reset();
  next.join();
  EXPECT_EQ(device, 0);
  EXPECT_EQ(slots.free(), 2);
}

}  // namespace
}  // namespace rnnfarm::worker
