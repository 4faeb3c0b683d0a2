#include "coordinator/scheduler/needs.h"

#include <algorithm>

#include "base/memory_size.h"

namespace rnnfarm::scheduler {

Need NeedOf(const v1::Scheduling& scheduling) {
  Need need;
  need.device = scheduling.device();
  need.threads = scheduling.threads();
  need.memory_bytes = base::ParseMemory(scheduling.memory()).value_or(0);
  return need;
}

Ability AbilityOf(const v1::Capability& capability) {
  Ability ability;
  for (int kind : capability.kind()) {
    if (v1::JobKind_IsValid(kind)) ability.kinds |= 1u << kind;
  }
  ability.threads = capability.threads();
  ability.memory_bytes = capability.memory_bytes();
  ability.devices.assign(capability.device().begin(), capability.device().end());
  ability.devices.insert(ability.devices.end(), capability.engine().begin(),
                         capability.engine().end());
  return ability;
}

bool Meets(const Ability& ability, const Need& need) {
  const auto& devices = ability.devices;
  return need.memory_bytes <= ability.memory_bytes && need.threads <= ability.threads &&
         (need.device.empty() ||
          std::find(devices.begin(), devices.end(), need.device) != devices.end());
}

int64_t RaisedMemory(int64_t had, int64_t asked) {
  constexpr int64_t kMost = int64_t{1} << 60;
  constexpr int64_t kKept = int64_t{1} << 4;
  int64_t digits = std::max(kLeastRaised, 2 * std::min(std::max(had, asked), kMost / 2));
  int shift = 0;
  for (; digits >= kKept; digits >>= 1) ++shift;
  return digits << shift;
}

}  // namespace rnnfarm::scheduler
