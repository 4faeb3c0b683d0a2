// Reports of ended networks, made beside the training of the others: a device must not wait for
// uploads.
#ifndef RNNFARM_WORKER_RUNTIME_REPORT_QUEUE_H_
#define RNNFARM_WORKER_RUNTIME_REPORT_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rnnfarm::worker {

// Calls what is added, in the order in which it was, a few at a time. Thread-safe.
class ReportQueue {
 public:
  ReportQueue();
  // Blocks until all that was added is done.
  ~ReportQueue();
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  void Add(std::function<void()> report);

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_REPORT_QUEUE_H_
