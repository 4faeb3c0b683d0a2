// Between comparisons: computes what it can of those to come, whose networks end one by one, with
// one thread beside whatever else the machine does. Losing it costs time and nothing else. Removes
// what comparisons left that will not go on: of sweeps that were cancelled or deleted.
#ifndef RNNFARM_COORDINATOR_SERVICE_COMPARISON_AHEAD_H_
#define RNNFARM_COORDINATOR_SERVICE_COMPARISON_AHEAD_H_

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "analysis/pairwise/pairwise.h"
#include "coordinator/service/ledger.h"
#include "coordinator/store/store.h"

namespace rnnfarm::service {

// Look and Stop are not called at the same time.
class ComparisonAhead {
 public:
  // `scratch`: the folder under which each task has its own.
  ComparisonAhead(Ledger& ledger, store::Store& store, const analysis::PairwiseOptions& pairs,
                  std::string scratch);
  ~ComparisonAhead() { Stop(); }

  // Begins, unless it is at it or has looked a short while ago.
  void Look();
  // Ends what it does, within a row of pairs or the preparation of a network.
  void Stop();

 private:
  using SweepAndTask = std::pair<std::string, std::string>;

  void Run();
  struct Comparison {
    SweepAndTask of;
    bool waits = false;  // for its turn, or for networks
  };
  // Those that may still be made.
  absl::StatusOr<std::vector<Comparison>> Unfinished() const;
  void RemoveAllBut(const std::vector<Comparison>& unfinished) const;
  void ForgetAllBut(const std::vector<Comparison>& unfinished);
  void Advance(const SweepAndTask& of);

  Ledger& ledger_;
  store::Store& store_;
  analysis::PairwiseOptions pairs_;
  const std::string scratch_;
  absl::Time last_look_ = absl::InfinitePast();
  std::atomic<bool> stopping_ = false, running_ = false;
  std::map<SweepAndTask, int> complete_blocks_;  // when it looked last; of the thread
  std::thread thread_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_COMPARISON_AHEAD_H_
