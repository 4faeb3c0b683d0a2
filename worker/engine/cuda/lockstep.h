// Trains the members of a population together: those furthest behind first, until they have caught
// up, and from then on all at the same iteration. When the host looks at them changes no result.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_LOCKSTEP_H_
#define RNNFARM_WORKER_ENGINE_CUDA_LOCKSTEP_H_

#include "absl/types/span.h"
#include "worker/engine/cuda/population.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine::cuda {

// From their starts to their ends, members[i] in slot i. The observer knows it as first_index + i
// and is told of its end at once; outcomes[i] is written just before.
//
// Arguments are as CheckPlan and CheckMember allow. What `population` throws is not caught: the
// members that have not ended by then have no outcome.
void TrainInLockstep(const Plan& plan, absl::Span<const Member> members, size_t first_index,
                     Population& population, Observer& observer, absl::Span<Outcome> outcomes);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_LOCKSTEP_H_
