#include "worker/runtime/memory.h"

#include <algorithm>
#include <chrono>

namespace rnnfarm::worker {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);

}  // namespace

std::unique_ptr<MemoryBudget::Share> MemoryBudget::Take(int64_t bytes,
                                                        const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  if (limit_ > 0) bytes = std::min(bytes, limit_);
  const uint64_t ticket = next_ticket_++;
  waiting_.insert(ticket);
  bool wanted = true;
  while (wanted && limit_ > 0 && (*waiting_.begin() != ticket || bytes > limit_ - taken_)) {
    returned_.wait_for(lock, kPoll);
    lock.unlock();
    wanted = go_on();
    lock.lock();
  }
  waiting_.erase(ticket);
  returned_.notify_all();  // the next one may fit too
  if (!wanted) return nullptr;
  taken_ += bytes;
  return std::make_unique<Share>(*this, bytes);
}

void MemoryBudget::Return(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
  returned_.notify_all();
}

}  // namespace rnnfarm::worker
