// Which device trains which pack.
//
//   DeviceSlots slots(2);
//   auto place = slots.Enter();                   // the pack was leased
//   ...                                           // its checkpoints are downloaded
//   auto device = place->TakeDevice(still_wanted);
//   ...                                           // trained
//   place->Leave();                               // the next one's turn
//
// A device trains one pack at a time. A worker has two packs in hand for each: one that trains and
// one that is ready to, so that no device waits for a coordinator or for downloads. Thread-safe.
#ifndef RNNFARM_WORKER_RUNTIME_DEVICE_SLOTS_H_
#define RNNFARM_WORKER_RUNTIME_DEVICE_SLOTS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace rnnfarm::worker {

class DeviceSlots {
 public:
  static constexpr int kPacksPerDevice = 2;

  explicit DeviceSlots(int devices) : busy_(devices, false) {}

  // A pack's place, from when it is leased until its training is over.
  class Place {
   public:
    explicit Place(DeviceSlots& slots) : slots_(slots) {}
    ~Place() { Leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // The pack is ready. Waits for a device, behind those that were ready before; its index.
    // Nothing: `go_on`, asked several times a second, turned false before. Once.
    std::optional<int> TakeDevice(const std::function<bool()>& go_on);
    // The device is free for the next pack, and the worker for another one.
    void Leave();

   private:
    DeviceSlots& slots_;
    std::optional<int> device_;
    bool left_ = false;
  };

  std::unique_ptr<Place> Enter();
  // Packs that there is a place for beside those in hand.
  int free() const;

 private:
  // -1: none.
  int FreeDevice() const;

  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::vector<bool> busy_;  // by device
  int in_hand_ = 0;
  uint64_t next_ticket_ = 0;
  std::set<uint64_t> ready_;  // those that wait, in the order in which they were ready
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_DEVICE_SLOTS_H_
