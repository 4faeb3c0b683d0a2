#include "worker/runtime/report_queue.h"

#include <utility>

namespace rnnfarm::worker {
namespace {

// An upload mostly waits for the coordinator's disk.
constexpr int kThreads = 4;

}  // namespace

ReportQueue::ReportQueue() {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
}

ReportQueue::~ReportQueue() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ReportQueue::Add(std::function<void()> report) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(report));
  }
  changed_.notify_one();
}

void ReportQueue::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::function<void()> report = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    report();
    report = nullptr;  // what it holds is large
    lock.lock();
  }
}

}  // namespace rnnfarm::worker
