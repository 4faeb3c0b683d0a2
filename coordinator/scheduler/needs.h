// What jobs need of a worker, and what workers have.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_NEEDS_H_
#define RNNFARM_COORDINATOR_SCHEDULER_NEEDS_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "rnnfarm/v1/population.pb.h"
#include "rnnfarm/v1/sweep.pb.h"

namespace rnnfarm::scheduler {

struct Need {
  std::string device;  // empty: any
  int threads = 0;
  int64_t memory_bytes = 0;

  friend bool operator<(const Need& a, const Need& b) {
    return std::tie(a.device, a.threads, a.memory_bytes) <
           std::tie(b.device, b.threads, b.memory_bytes);
  }
};

struct Ability {
  uint32_t kinds = 0;  // bit k: jobs of kind k
  int threads = 0;
  int64_t memory_bytes = 0;
  std::vector<std::string> devices;  // engines too: "cuda" may be either

  bool Can(v1::JobKind kind) const { return (kinds >> kind & 1) != 0; }
  friend bool operator==(const Ability& a, const Ability& b) {
    return std::tie(a.kinds, a.threads, a.memory_bytes, a.devices) ==
           std::tie(b.kinds, b.threads, b.memory_bytes, b.devices);
  }
};

// Of valid settings.
Need NeedOf(const v1::Scheduling& scheduling);
Ability AbilityOf(const v1::Capability& capability);
bool Meets(const Ability& ability, const Need& need);

// What a job needs after it ran out of `had` bytes, having asked for `asked`; either may be 0, not
// known. Twice the larger one, but no less than kLeastRaised; rounded down to four binary digits,
// so that the needs of many jobs are few different ones.
inline constexpr int64_t kLeastRaised = int64_t{1} << 30;
int64_t RaisedMemory(int64_t had, int64_t asked);

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_NEEDS_H_
