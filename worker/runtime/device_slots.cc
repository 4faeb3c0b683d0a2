#include "worker/runtime/device_slots.h"

#include <algorithm>
#include <chrono>

namespace rnnfarm::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);

}  // namespace

std::unique_ptr<DeviceSlots::Place> DeviceSlots::Enter() {
  const std::lock_guard lock(mutex_);
  ++in_hand_;
  return std::make_unique<Place>(*this);
}

int DeviceSlots::free() const {
  const std::lock_guard lock(mutex_);
  // A coordinator that counts no packs may have leased more.
  return std::max(0, kPacksPerDevice * static_cast<int>(busy_.size()) - in_hand_);
}

int DeviceSlots::FreeDevice() const {
  const auto found = std::find(busy_.begin(), busy_.end(), false);
  return found == busy_.end() ? -1 : static_cast<int>(found - busy_.begin());
}

std::optional<int> DeviceSlots::Place::TakeDevice(const std::function<bool()>& go_on) {
  std::unique_lock lock(slots_.mutex_);
  const uint64_t ticket = slots_.next_ticket_++;
  slots_.ready_.insert(ticket);
  bool wanted = true;
  while (wanted && (*slots_.ready_.begin() != ticket || slots_.FreeDevice() < 0)) {
    slots_.left_.wait_for(lock, kPoll);
    lock.unlock();
    wanted = go_on();
    lock.lock();
  }
  slots_.ready_.erase(ticket);
  if (wanted) {
    device_ = slots_.FreeDevice();
    slots_.busy_[*device_] = true;
  }
  slots_.left_.notify_all();  // there may be a device for the next one too
  return device_;
}

void DeviceSlots::Place::Leave() {
  const std::lock_guard lock(slots_.mutex_);
  if (left_) return;
  left_ = true;
  --slots_.in_hand_;
  if (device_) slots_.busy_[*device_] = false;
  slots_.left_.notify_all();
}

}  // namespace rnnfarm::worker
