#include "coordinator/scheduler/room.h"

#include <algorithm>

namespace rnnfarm::scheduler {
namespace {

// Leases in one answer at most, whatever a worker says that it has room for.
constexpr int kMostGranted = 4096;

int AtMostGranted(int room) { return std::clamp(room, 0, kMostGranted); }

}  // namespace

Room::Room(const v1::SyncRequest& request)
    : left_(kMostGranted), slots_(AtMostGranted(request.free_slots())) {
  if (request.has_free_packs()) packs_ = AtMostGranted(request.free_packs());
}

uint32_t Room::kinds() const {
  uint32_t kinds = 0;
  for (int kind = 0; kind < v1::JobKind_ARRAYSIZE; ++kind) {
    if (For(static_cast<v1::JobKind>(kind), 1) > 0) kinds |= 1u << kind;
  }
  return kinds;
}

int Room::For(v1::JobKind kind, int pack_size) const {
  const int64_t room = CountsPacks(kind) ? int64_t{*packs_} * pack_size : slots_;
  return static_cast<int>(std::min<int64_t>(room, left_));
}

void Room::Take(v1::JobKind kind, int jobs, int pack_size) {
  left_ -= jobs;
  if (CountsPacks(kind)) {
    *packs_ -= (jobs + pack_size - 1) / pack_size;
  } else {
    slots_ -= jobs;
  }
}

}  // namespace rnnfarm::scheduler
