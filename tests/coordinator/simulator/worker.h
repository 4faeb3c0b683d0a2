// A worker of a simulated farm, and all that happens to workers: they die and come back under the
// same or another name, sleep past their leases and go on as if nothing had happened, are cut off,
// run out of memory, hang, are slow, fail.
//
// It knows nothing of its own clock: where a real worker stops writing in time, this one relies on
// the coordinator's fence. Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORKER_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORKER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/coordinator/simulator/coordinator.h"
#include "tests/coordinator/simulator/judge.h"
#include "tests/coordinator/simulator/world.h"

namespace rnnfarm::simulator {

class Worker {
 public:
  // Worker `index` of the farm, or the one within the coordinator that compares.
  static constexpr int kComparer = -1;
  Worker(World& world, Coordinator& coordinator, Judge& judge, uint64_t seed, int index);

  // Dies, and is another process in a while.
  void Restart(absl::Duration downtime);

 private:
  enum class Fate { kResult, kError, kMachineError, kOutOfMemory, kHang, kKill };
  struct Job {
    v1::Lease lease;
    Fate fate = Fate::kResult;
    absl::Time began, ends;
    uint64_t counter = 0;
  };

  bool compares() const { return index_ == kComparer; }
  int slots() const;
  // It trains on devices, as far as the scheduler can tell.
  bool counts_packs() const { return !compares() && index_ % 4 == 3; }
  int64_t memory_bytes() const;

  // worker.cc: its life and what it says
  void WakeIn(absl::Duration delay);
  void Wake();
  // True if something befalls it that ends this waking.
  bool Suffer();
  void GiveBack();
  void Say(v1::JobReport report) { unanswered_.push_back(std::move(report)); }
  v1::SyncRequest MakeRequest();
  void SetRoom(v1::SyncRequest& request) const;
  void Send();
  // What open_ asks.
  const v1::SyncRequest& open_request() const { return std::get<scheduler::Sync>(*open_).request; }
  void Hear(const v1::SyncResponse& response);

  // worker_jobs.cc: what it does with its jobs
  void Begin(const v1::Lease& lease);
  Fate DrawFate(const v1::Lease& lease);
  // False if the worker dies of it.
  bool Work();
  double Share(const Job& job) const;  // done by now
  v1::HeldLease Describe(const Job& job) const;
  void KeepCheckpoint(const Job& job);
  void End(const Job& job);
  v1::JobReport Compare(const v1::Lease& lease) const;

  World& world_;
  Coordinator& coordinator_;
  Judge& judge_;
  const uint64_t seed_;
  const int index_;
  std::string name_;
  int64_t life_ = 0;  // which process of its machine
  std::map<std::string, Job> held_;
  std::vector<v1::JobReport> unanswered_;
  Coordinator::Question open_;  // a Sync that is sent and not answered
  absl::Time sent_;
  absl::Time connected_;  // cut off until then
  absl::Duration next_sync_;
  bool draining_ = false;
  bool faulty_ = false;  // its machine fails whatever it does
  int64_t next_request_ = 0;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_WORKER_H_
