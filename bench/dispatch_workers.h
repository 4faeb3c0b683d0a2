// Many workers in one thread: each has a connection of its own and one Sync under way, and answers
// every lease with a result at once.
//
//   SimulatedWorkers workers(address, 64, results);
//   workers.RunUntil(absl::Now() + absl::Seconds(5));
//   Tally tally = workers.TakeTally();
#ifndef RNNFARM_BENCH_DISPATCH_WORKERS_H_
#define RNNFARM_BENCH_DISPATCH_WORKERS_H_

#include <grpcpp/completion_queue.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/dispatch_sweep.h"

namespace rnnfarm::bench {

struct Tally {
  std::vector<std::string> accepted;      // jobs whose result was acknowledged
  std::vector<double> sync_milliseconds;  // of calls that reported a result
  int64_t syncs = 0;                      // answered
  int64_t idle_syncs = 0;                 // of them, those that brought and took nothing
  absl::Status failure;                   // the first call that failed or result that was refused
};

// Thread-compatible.
class SimulatedWorkers {
 public:
  SimulatedWorkers(const std::string& address, int count, const SharedResults& results);
  // Ends the calls under way.
  ~SimulatedWorkers();

  // Goes on with all workers until then, or until a failure or `most_accepted` results.
  void RunUntil(absl::Time end, size_t most_accepted = SIZE_MAX);
  // What came since the last time.
  Tally TakeTally();

 private:
  struct Worker;
  void Begin(Worker& worker);
  void Answered(Worker& worker);

  const SharedResults& results_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Tally tally_;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_DISPATCH_WORKERS_H_
