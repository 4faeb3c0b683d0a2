// How many more jobs a worker takes in one answer.
#ifndef RNNFARM_COORDINATOR_SCHEDULER_ROOM_H_
#define RNNFARM_COORDINATOR_SCHEDULER_ROOM_H_

#include <cstdint>
#include <optional>

#include "rnnfarm/v1/worker_service.pb.h"

namespace rnnfarm::scheduler {

// Jobs of these kinds of one shape are leased in packs.
inline bool GoesInPacks(v1::JobKind kind) {
  return kind == v1::JOB_KIND_SEARCH || kind == v1::JOB_KIND_TRAIN;
}

// A job takes a slot, but for the training of a worker that counts its packs apart.
class Room {
 public:
  explicit Room(const v1::SyncRequest& request);

  // Bit k: there is room for jobs of kind k.
  uint32_t kinds() const;
  // So many jobs of the kind, in packs of `pack_size`.
  int For(v1::JobKind kind, int pack_size) const;
  // Whether jobs of the kind go to the worker's devices.
  bool CountsPacks(v1::JobKind kind) const { return packs_.has_value() && GoesInPacks(kind); }
  // `jobs` of the kind begin, in as few packs of `pack_size` as hold them.
  void Take(v1::JobKind kind, int jobs, int pack_size);

 private:
  int left_;  // of an answer
  int slots_;
  std::optional<int> packs_;
};

}  // namespace rnnfarm::scheduler

#endif  // RNNFARM_COORDINATOR_SCHEDULER_ROOM_H_
