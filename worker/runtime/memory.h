// How much memory training may take.
#ifndef RNNFARM_WORKER_RUNTIME_MEMORY_H_
#define RNNFARM_WORKER_RUNTIME_MEMORY_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "base/memory_size.h"

namespace rnnfarm::worker {

using base::MemoryText;
using base::ParseMemory;

// One limit for all packs that train at the same time. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_(limit_bytes) {}

  // A share of the budget, given back when it goes.
  class Share {
   public:
    Share(MemoryBudget& budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
    ~Share() { budget_.Return(bytes_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    MemoryBudget& budget_;
    const int64_t bytes_;
  };

  // Waits until `bytes` fit beside what the others have, behind those that came before. What alone
  // exceeds the limit takes all of it: it is for the engine to cut down or refuse. Null: `go_on`,
  // asked several times a second, turned false before.
  std::unique_ptr<Share> Take(int64_t bytes, const std::function<bool()>& go_on);

 private:
  void Return(int64_t bytes);

  const int64_t limit_;  // 0: none
  std::mutex mutex_;
  std::condition_variable returned_;
  int64_t taken_ = 0;
  // Those that wait, in the order in which they came: small ones do not keep a large one out.
  uint64_t next_ticket_ = 0;
  std::set<uint64_t> waiting_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_MEMORY_H_
