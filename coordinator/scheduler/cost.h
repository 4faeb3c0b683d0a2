// What jobs cost, in seconds of a worker, learnt from those that ended.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_COST_H_
#define RNNFARM_COORDINATOR_SCHEDULER_COST_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "coordinator/population/population.h"

namespace rnnfarm::scheduler {

// A job's cost before any like it ended; 1e9 operations a second.
inline constexpr double kNominalSecondsPerOperation = 1e-9;

// Sums over jobs that ended. In whole microseconds, so that they do not depend on the order.
class Measured {
 public:
  void Add(absl::Duration whole, double operations);
  void Add(const Measured& other);
  bool empty() const { return jobs_ == 0; }
  // Whether a job of so many operations is near enough to be judged by these.
  bool Scales(double operations) const;
  // Of at least one.
  absl::Duration Mean() const;
  // Nominal before the first job whose operations are known.
  double SecondsPerOperation() const;

 private:
  int64_t jobs_ = 0;
  int64_t microseconds_ = 0;
  // Of jobs whose operations are known: what takes none says nothing of how long one takes.
  int64_t rated_jobs_ = 0;
  int64_t rated_microseconds_ = 0;
  double operations_ = 0;
};

// What jobs took of the machine, by where they ran.
struct Spent {
  Measured cores;    // a job took one
  Measured devices;  // a pack shared one: its time is shared out among its jobs
};

// What a job of the extent takes from its beginning, judged by an attempt that succeeded and may
// have begun at a checkpoint; absent where that cannot be told.
std::optional<absl::Duration> WholeDuration(const v1::Attempt& attempt,
                                            const population::JobExtent& extent);

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_COST_H_
