// What was answered with OK, and whether it is still so in the records. Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_PROMISES_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_PROMISES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "coordinator/scheduler/scheduler.h"
#include "coordinator/service/ledger.h"
#include "tests/coordinator/simulator/forgetful_store.h"

namespace rnnfarm::simulator {

class Promises {
 public:
  using Complain = std::function<void(std::string)>;
  explicit Promises(Complain complain) : complain_(std::move(complain)) {}

  // An answer that leaves the coordinator for the first time; what it says must be in the records
  // by now.
  void Answered(const scheduler::Event& event, const service::Ledger::Reply& reply,
                const Records& records);
  // The sweep is about to be deleted, as it was asked for: what was promised of it ends, but for
  // its attempts.
  void Deleted(const std::string& sweep);
  // Every promise of the past, as after a loss of power.
  void Check(const Records& records) const;

 private:
  void Granted(const v1::Lease& lease, const Records& records);
  void Accepted(const v1::JobReport& report, const Records& records);
  void CheckSubmitted(const std::string& sweep, int64_t networks, const Records& records) const;
  void CheckCancelled(const std::string& sweep, const Records& records) const;
  void CheckLeased(const std::string& job, uint64_t attempt, const Records& records) const;
  void CheckCommitted(const std::string& job, uint64_t attempt, const Records& records) const;
  void CheckRetried(const std::string& job, uint64_t attempt, const Records& records) const;

  const Complain complain_;
  std::map<std::string, int64_t> submitted_;  // networks by sweep
  std::set<std::string> cancelled_;           // sweeps
  // Attempts by job.
  std::map<std::string, uint64_t> leased_, committed_, retried_;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_PROMISES_H_
