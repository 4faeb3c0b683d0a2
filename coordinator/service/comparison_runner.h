// The coordinator's own worker: takes COMPARE jobs through the same Sync events as every worker,
// reads the networks' artifacts, and stores matrices, embeddings and statistics as artifacts.
//
// One thread synchronises, one computes, so that a long comparison keeps its lease; what it has
// computed stays in a folder of its task until its results are stored. While there is none, what
// can be computed of those to come is put there (ComparisonAhead). Leases left over from a
// coordinator that was killed count as lost, and are done again after a back-off.
#ifndef RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_
#define RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "analysis/pairwise/pairwise.h"
#include "coordinator/service/comparison_ahead.h"
#include "coordinator/service/ledger.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

class ComparisonRunner {
 public:
  struct Options {
    int threads = 1;                                       // of one comparison
    int64_t memory_bytes = analysis::kDefaultMemoryBytes;  // PairwiseOptions::memory_bytes
    std::string scratch;  // folder for what a comparison has computed so far
  };

  ComparisonRunner(Ledger& ledger, store::Store& store, const Options& options);
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
  const std::string scratch_;
  analysis::PairwiseOptions pairs_;

  // Guards stopping_ and stirred_.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  // Something to look at: work appeared, or the computation ended.
  bool stirred_ = false;

  // Of the synchronising thread.
  ComparisonAhead ahead_;
  std::unique_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_COMPARISON_RUNNER_H_
