#include "worker/runtime/memory.h"

#include <chrono>

namespace rnnfarm::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);

}  // namespace

std::unique_ptr<MemoryBudget::Share> MemoryBudget::Take(int64_t bytes,
                                                        const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  while (limit_ > 0 && taken_ > 0 && bytes > limit_ - taken_) {
    returned_.wait_for(lock, kPoll);
    lock.unlock();
    const bool wanted = go_on();
    lock.lock();
    if (!wanted) return nullptr;
  }
  taken_ += bytes;
  return std::make_unique<Share>(*this, bytes);
}

void MemoryBudget::Return(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
  returned_.notify_all();
}

}  // namespace rnnfarm::worker
