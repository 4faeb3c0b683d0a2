// Holds everything that a simulated farm writes and answers against what must be true at any time.
// The rules are about records and answers alone; how the scheduler comes to them is its own affair.
// Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_JUDGE_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_JUDGE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "coordinator/scheduler/scheduler.h"
#include "coordinator/service/ledger.h"
#include "tests/coordinator/simulator/forgetful_store.h"
#include "tests/coordinator/simulator/promises.h"

namespace rnnfarm::simulator {

class Judge {
 public:
  Judge() : promises_([this](std::string what) { Complain(std::move(what)); }) {}

  void Complain(std::string what);
  // Empty: everything kept.
  const std::vector<std::string>& complaints() const { return complaints_; }

  // The worker has this attempt's result in hand.
  void Made(const std::string& job, uint64_t attempt, const std::string& worker) {
    made_.insert({job, attempt, worker});
  }
  // A request that the next commit may answer.
  void Asked(const scheduler::Event& event, const std::string& key);
  // A batch that is about to be written.
  void See(const store::Batch& batch, const Records& before);
  // The request was answered and the answer committed; `leaves`: and it is sent.
  void Answered(const scheduler::Event& event, const std::string& key,
                const service::Ledger::Reply& reply, bool leaves, const Records& records);
  // The commit is over.
  void EndCommit() { retries_ = reseeds_ = submits_ = false; }

  // After a loss of power.
  void CheckPromises(const Records& records) const { promises_.Check(records); }
  // What the scheduler knows is what is written, but for what is volatile.
  void CheckMemory(const scheduler::Scheduler& scheduler, const Records& records);
  // When nothing more is to happen.
  void CheckEnd(const Records& records);

 private:
  void SeeDeletion(const v1::DeletedSweep& deleted, const Records& before);
  void SeeJob(const v1::Job& before, const v1::Job& after, const Records& records);
  void CheckAttempts(const v1::Job& before, const v1::Job& after);
  void CheckTransition(const v1::Job& before, const v1::Job& after);
  void CheckCommitted(const v1::Job& before, const v1::Job& after, const Records& records);
  void CheckCompared(const v1::Job& compare, const Records& records);
  void CheckEvents(const store::Batch& batch, const Records& before);

  std::vector<std::string> complaints_;
  Promises promises_;
  std::set<std::tuple<std::string, uint64_t, std::string>> made_;
  std::map<std::pair<std::string, uint64_t>, std::string> worker_of_;  // by job and attempt
  std::set<std::string> committed_;                                    // jobs
  std::map<std::string, std::string> answers_;                         // by request
  // Whether a person's wish that was not fulfilled before is among what is being committed.
  bool retries_ = false, reseeds_ = false, submits_ = false;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_JUDGE_H_
