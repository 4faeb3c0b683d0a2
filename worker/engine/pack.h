// How every engine on CPUs goes through a pack: each network wholly by one thread, a queue of
// networks by as many threads as are given and fit into memory.
#ifndef RNNFARM_WORKER_ENGINE_PACK_H_
#define RNNFARM_WORKER_ENGINE_PACK_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/engine/engine.h"
#include "worker/engine/learner.h"

namespace rnnfarm::engine {

// Called on the thread that then trains `member`.
using MakeLearner = std::function<std::unique_ptr<Learner>(const Member& member)>;

// Checks its arguments, trains, and gives the outcomes in the pack's order.
absl::StatusOr<std::vector<Outcome>> TrainPack(const Engine& engine, const Limits& limits,
                                               const Plan& plan, absl::Span<const Member> pack,
                                               int threads, Observer& observer,
                                               const MakeLearner& make_learner);

}  // namespace rnnfarm::engine

#endif  // RNNFARM_WORKER_ENGINE_PACK_H_
