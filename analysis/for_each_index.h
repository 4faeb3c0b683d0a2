// A loop over independent pieces of work on several threads.
#ifndef RNNFARM_ANALYSIS_FOR_EACH_INDEX_H_
#define RNNFARM_ANALYSIS_FOR_EACH_INDEX_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rnnfarm::analysis {

// Calls work(i) once for every i in {0, …, count - 1} and returns when all are done. Calls may run
// at the same time and in any order, so work(i) writes only what belongs to i: then the result does
// not depend on the number of threads. What a call throws, such as std::bad_alloc, is thrown here,
// once those under way have ended; those that had not begun are left out.
template <typename Work>
void ForEachIndex(int64_t count, int threads, const Work& work) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;  // guarded by mutex
  auto run = [&] {
    try {
      for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(i);
    } catch (...) {
      next = count;
      std::lock_guard lock(mutex);
      thrown = std::current_exception();
    }
  };
  const int64_t others = std::min<int64_t>(std::max(threads, 1), std::max<int64_t>(count, 1)) - 1;
  {
    std::vector<std::jthread> pool;
    pool.reserve(others);
    for (int64_t i = 0; i < others; ++i) pool.emplace_back(run);
    run();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_FOR_EACH_INDEX_H_
