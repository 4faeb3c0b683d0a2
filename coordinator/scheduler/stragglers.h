// Jobs whose only attempt takes much longer than those of their shape that ended: a worker that has
// nothing else to do may try them too.
//
// A step costs the logarithm of the number of leases. Deterministic; thread-compatible.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_STRAGGLERS_H_
#define RNNFARM_COORDINATOR_SCHEDULER_STRAGGLERS_H_

#include <cstdint>
#include <functional>

#include "coordinator/scheduler/queues.h"

namespace rnnfarm::scheduler {

class Stragglers {
 public:
  // A lease is slow after `factor` times the mean of its shape, and no earlier than `least`;
  // InfiniteDuration: never.
  Stragglers(double factor, absl::Duration least) : factor_(factor), least_(least) {}

  void Watch(Line& line, absl::Time begin, uint64_t order);
  void Unwatch(Line& line, absl::Time begin, uint64_t order);
  // After its shape was measured, or its sweep opened or closed.
  void Rank(Line& line) const;

  struct Found {
    Line* line = nullptr;  // null: none
    uint64_t order = 0;
  };
  // The longest overdue job that the worker can do and `may_help` admits. Looks at kMostLookedAt.
  Found Find(const Demands& demands, const Ability& ability, absl::Time now,
             const std::function<bool(const Line&, uint64_t order)>& may_help) const;

 private:
  static constexpr int kMostLookedAt = 64;
  absl::Duration PatienceOf(const Line& line) const;

  double factor_;
  absl::Duration least_;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_STRAGGLERS_H_
