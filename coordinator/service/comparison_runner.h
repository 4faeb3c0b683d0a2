// The coordinator's own worker: takes COMPARE jobs through the same Sync events as every worker,
// reads the networks' artifacts, and stores matrices, embeddings and statistics as artifacts.
//
// One thread synchronises, one computes, so that a long comparison keeps its lease. Leases left
// over from a coordinator that was killed count as lost, and are done again after a back-off.
#ifndef RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_
#define RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "coordinator/service/ledger.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

class ComparisonRunner {
 public:
  // `threads`: of one comparison.
  ComparisonRunner(Ledger& ledger, store::Store& store, int threads);
  ~ComparisonRunner();
  // Gives the lease back and ends; before the ledger stops.
  void Stop();

 private:
  struct Work;

  void Run();
  std::vector<v1::JobReport> StaleLeases() const;
  v1::SyncRequest MakeRequest() const;
  // One exchange with the scheduler; `reports` are cleared once they were answered.
  absl::Duration Exchange(std::vector<v1::JobReport>& reports);
  void Begin(const v1::Lease& lease);
  void EndWork(std::vector<v1::JobReport>& reports);
  void Compute(Work& work);
  absl::StatusOr<v1::JobResult> CompareGuarded(Work& work);
  absl::StatusOr<v1::JobResult> Compare(Work& work);
  void Wait(absl::Duration pause);

  Ledger& ledger_;
  store::Store& store_;
  const int threads_;

  // Guards stopping_ and stirred_.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  // Something to look at: work appeared, or the computation ended.
  bool stirred_ = false;

  std::unique_ptr<Work> work_;  // of the synchronising thread
  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_
